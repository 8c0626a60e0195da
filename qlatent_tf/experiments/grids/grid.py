"""Many runs, one by one or split over machines: each finished one is a file.

TensorFlow is imported where a cell is made: what is there is listed without it.
"""

import json
from pathlib import Path

from qlatent_tf.cluster.fingerprint import hash_when_first_found
from qlatent_tf.experiments.grids.cells import Cell, named_code
from qlatent_tf.experiments.grids.comparable import check_table
from qlatent_tf.experiments.grids.finished_cells import (
    cell_differences,
    cell_scores,
    check_same,
    read_cell,
    read_like,
    row_of,
)
from qlatent_tf.experiments.grids.latent_files import moved
from qlatent_tf.gan.shapes import check_draws
from qlatent_tf.latents.files import file_record, latent_file
from qlatent_tf.registry import latents
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.own_code import code_record
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.signals import asking_is_harmless, signals_interrupt
from qlatent_tf.storage.files import read_json, user_path, write_json
from qlatent_tf.storage.locks import InUseError, sole_use
from qlatent_tf.text.progress import ProgressBar
from qlatent_tf.zoo import build_model, check_names


class Grid:
    """Runs and their scores under one folder.

    - ``runs/<cell>/``: an ordinary run, which `training.train` takes up where it was stopped;
    - ``banks/<bank>/``: what latents of several runs draw from;
    - ``runs/<cell>.lock``: exists while a process runs the cell; others run other cells then;
    - ``cells/<cell>@<steps>.json``: a finished cell: configuration, scores at the last step,
      those of held-out real samples where there are any, the history of its evaluations, seconds,
      versions.

    Args:
      workdir: path.
      num_samples: int. Generated samples on which a finished run is scored.

    Raises:
      ValueError: if that is no positive number.
    """

    def __init__(self, workdir, num_samples: int):
        if num_samples < 1:
            raise ValueError(f"num_samples is a positive number; received {num_samples}.")
        self.path = Path(workdir)
        self.num_samples = num_samples
        self._real, self._files, self._data = {}, {}, set()

    def run_directory(self, cell: Cell) -> RunDirectory:
        """Returns where the cell's run lies."""
        return RunDirectory(self.path / "runs" / cell.name)

    def lock_file(self, cell: Cell) -> Path:
        """Returns the file that is locked while the cell's run is trained and scored."""
        return self.path / "runs" / f"{cell.name}.lock"

    def step(self, cell: Cell) -> int:
        """Returns the step a cell has reached: its last one if it is finished."""
        if self.is_finished(cell):
            return cell.config.steps
        return min(self.run_directory(cell).read_run()["step"], cell.config.steps)

    def is_finished(self, cell: Cell) -> bool:
        """Returns whether the cell's file is there.

        Raises:
          ValueError: if it is of another configuration, latent's file or own code than this, or
            was scored on other samples.
        """
        file = self._file(cell)
        if not file.is_file():
            return False
        # The code that this process found first is what it has imported.
        code = code_record(cell.config, hash_when_first_found)
        files = {"latent_file": self._latent_file(cell), "code": code}
        check_same(file, read_cell(file), cell.config, self.num_samples, **files)
        return True

    def check(self, cells) -> None:
        """Refuses cells of one schedule that cannot stand in a table with what is finished here.

        Raises:
          ValueError: if a name or an option is unknown, a cell or its run is there with another
            configuration, or another cell was trained or scored otherwise.
        """
        for cell in _one_of_each_row(cells):
            check_names(cell.config)
        self._left(cells)
        planned = map(self._planned, cells)
        finished = read_like(self.path, cells, cells[0].config.steps)
        try:
            check_table([*finished, *planned])
        except ValueError as error:
            raise ValueError(f"{error} Choose another folder than {self.path}.") from error

    def has_score(self, cell: Cell, metric: str) -> bool:
        """Returns whether a finished cell was scored by a metric, whatever network judged."""
        scores = cell_scores(read_cell(self._file(cell))).values()
        return any(score.metric == metric for score in scores)

    @asking_is_harmless()
    def run(self, cells, *, data_dir=None, progress=True) -> None:
        """Trains and scores the cells that are not finished.

        Raises:
          ValueError: if a cell or its run is there with another configuration, or a latent cannot
            be built.
          FloatingPointError: if some of the runs diverged; all others are finished then.
          InUseError: if other processes run some of the cells; all others are finished then.
          Interrupted: on Ctrl-C, SIGTERM or SIGHUP, while training after a checkpoint; the same
            call continues from there.
        """
        left = self.unfinished(cells)
        _check_own_data(left, data_dir)
        steps = [cell.config.steps - self.step(cell) for cell in left]
        held, diverged = [], []
        # The bar of the run stands below this one, which counts the steps of all; its speed is
        # the mean one, evaluations included.
        with ProgressBar(total=sum(steps), unit="step", smoothing=0, disable=not progress) as bar:
            for number, (cell, todo) in enumerate(zip(left, steps, strict=True), 1):
                bar.set_description(f"cell {number} of {len(left)}: {cell.name}")

                end = bar.n + todo

                def watch(step, ahead=end - cell.config.steps):
                    bar.update(ahead + step - bar.n)

                try:
                    self._finish_alone(cell, data_dir, progress, watch)
                except InUseError as error:
                    held.append((cell, error))
                    bar.total -= end - bar.n
                except FloatingPointError as error:
                    diverged.append(f"The cell {cell.name} is left out: {error}")
                    bar.total -= end - bar.n
                else:
                    watch(cell.config.steps)
        if missing := self.missing(left, diverged, held):
            raise (FloatingPointError if diverged else InUseError)(missing)

    def missing(self, cells, failed, held) -> str:
        """Returns what is said of cells that were run but are not finished; nothing if all are.

        Args:
          cells: sequence of Cell. All that were run.
          failed: sequence of str. What is said of those that failed.
          held: sequence of pairs of Cell and InUseError. Those that other processes ran meanwhile.
        """
        missing = [*failed, *(str(error) for cell, error in held if not self.is_finished(cell))]
        others = ["All other cells are finished."] * (0 < len(missing) < len(cells))
        return "\n".join([*missing, *others])

    def unfinished(self, cells) -> list[Cell]:
        """Returns the cells that are to be run, after a look at what is there of them.

        Raises:
          ValueError: as `run`.
        """
        left = self._left(cells)
        _check_latents(left)
        return left

    def _left(self, cells):
        left = [cell for cell in cells if not self.is_finished(cell)]
        for cell in left:
            self._check_run(cell)
        return left

    def _planned(self, cell, **known):
        row, scored = row_of(cell.row, cell.config), {"num_samples": self.num_samples}
        return {**vars(cell), "row": row, "evaluation": scored, **known}

    def _latent_file(self, cell):
        """What the cell's latent would draw from; None for no file, and for what is not here."""
        file = latent_file(cell.config)
        if file is None or cell.bank is not None or not user_path(file).exists():
            return None
        if file not in self._files:
            self._files[file] = file_record(cell.config)
        return self._files[file]

    def _file(self, cell):
        return self.path / "cells" / cell.file_name

    def _check_run(self, cell):
        run = self.run_directory(cell)
        if not (run.path / "config.json").is_file():
            return
        known = run.read_config(trust_code=True)
        run.check_configuration(cell_differences(known, cell.config))
        step = run.read_run()["step"]
        if step > cell.config.steps:
            raise ValueError(
                f"{run.path} has reached step {step}, beyond the {cell.config.steps} asked for. "
                "Choose another --workdir, or as many steps."
            )

    def _finish_alone(self, cell, data_dir, progress, watch):
        what = f"running the cell {cell.name} of {self.path}"
        with sole_use(self.lock_file(cell), what):
            # Another process may have finished it meanwhile.
            if not self.is_finished(cell):
                self._finish(cell, data_dir, progress, watch)

    def _finish(self, cell, data_dir, progress, watch):
        try:
            with signals_interrupt():
                self.keep(cell, self.make(cell, data_dir, progress, watch))
        except KeyboardInterrupt as error:  # While training, it is saved and said by `train`.
            said = f"Stopped while the cell {cell.name} was prepared or scored."
            raise Interrupted(said, error) from error

    def record(self, cell: Cell) -> dict:
        """Returns a finished cell as `make` did."""
        return read_json(self._file(cell))

    def keep(self, cell: Cell, record: dict) -> None:
        """Writes what `make` returned: the cell is finished."""
        write_json(self._file(cell), record)

    def make(self, cell: Cell, data_dir=None, progress=True, watch=None) -> dict:
        """Returns the finished cell, as JSON values, after its run is trained and scored here.

        Args:
          cell: Cell. Nobody else runs it; see `lock_file`.
          data_dir: path. Where data files are looked for first.
          progress: bool. Whether to show progress bars.
          watch: callable of an int. Called with the step, see `training.train`.
        """
        import keras

        from qlatent_tf.runs import evaluation, training

        config, run = cell.config, self.run_directory(cell)
        if cell.bank is not None:
            # The whole path: a run may be looked at from anywhere.
            bank = self.path.resolve() / "banks" / cell.bank.name
            cell.bank.make(bank, progress)
            config = config.override(**{"latent_options.file": str(bank)})
        # Again, for another process may have begun the run meanwhile.
        self._check_run(cell)
        dataset = training.load_dataset(config, data_dir=data_dir, progress=progress)
        self._check_data(cell, dataset)
        check_scored(config, dataset)
        if (run.path / "config.json").is_file():
            # The latent's file may lie elsewhere now.
            known = run.read_config(trust_code=True)
            write_json(run.path / "config.json", moved(known, config).to_json())
        training.train(config, run.path, dataset=dataset, progress=progress, watch=watch)
        model, step = training.restore_model(run, trust_code=named_code([cell]))
        scores = evaluation.evaluate(model, dataset, **self._scoring(config, progress))
        record = run.read_run()
        real = self._real_scores(config, dataset, progress)
        # Keras keeps every model it has built; a grid builds hundreds.
        keras.utils.clear_session()
        return {
            "name": cell.name,
            "row": dict(cell.row),
            "settings": dict(cell.settings),
            "config": config.to_json(),
            "step": step,
            "seconds": record["seconds"],
            "dataset": record["dataset"],
            "latent_file": record.get("latent_file") or file_record(config),
            **({"code": code} if (code := record.get("code")) else {}),
            "versions": record["versions"],
            "evaluation": scores,
            "real": real,
            "history": run.read_metrics()["history"],
        }

    def _check_data(self, cell, dataset):
        """Compares the data with those of finished cells, once for all cells of the same file."""
        trained_on = {"name": dataset.name, **dataset.provenance}
        content = trained_on.get("sha256")
        if content is not None and content not in self._data:
            finished = read_like(self.path, [cell], cell.config.steps)
            check_table([*finished, self._planned(cell, dataset=trained_on)])
            self._data.add(content)

    def _real_scores(self, config, dataset, progress):
        """The scores of held-out samples, computed once for all cells of the same data."""
        from qlatent_tf.runs.evaluation import evaluate_real

        if getattr(dataset, "test", None) is None:
            return None
        data = (config.dataset, config.dataset_options, dataset.provenance)
        key = json.dumps([*data, config.metrics], sort_keys=True)
        if key not in self._real:
            self._real[key] = evaluate_real(dataset, **self._scoring(config, progress))
        return self._real[key]

    def _scoring(self, config, progress):
        names = config.metrics or None
        return {"num_samples": self.num_samples, "metric_names": names, "progress": progress}


def check_scored(config, dataset) -> None:
    """Refuses data without any metric, unless the model has scores of its own: no table is left.

    Raises:
      ValueError: naming a metric.
    """
    from qlatent_tf.gan.latent_generator import LatentGenerator
    from qlatent_tf.runs.ending import fitting_metric

    if config.metrics or dataset.evaluation_metrics:
        return
    if type(build_model(config)).own_scores is LatentGenerator.own_scores:
        raise ValueError(
            f"The data set {config.dataset!r} has no metrics of its own: name some, such as "
            f"--set metrics={fitting_metric(dataset.provenance)}."
        )


def _check_own_data(cells, data_dir):
    """Loads someone's own data, of which nothing is known before, and what they are scored by."""
    from qlatent_tf.runs.training import load_dataset

    own = {cell.config.dataset: cell.config for cell in cells if ":" in cell.config.dataset}
    for config in own.values():
        check_scored(config, load_dataset(config, data_dir=data_dir, progress=False))


def _one_of_each_row(cells):
    return {str(cell.row or cell.name): cell for cell in reversed(cells)}.values()


def _check_latents(cells):
    """Draws from a latent of each row, so that an error is shown before any training."""
    for cell in _one_of_each_row(cells):
        if cell.bank is not None:
            continue  # It is made when its first cell is run.
        try:
            config = cell.config
            latent = latents.build(config.latent, **config.latent_options)
            check_draws(latent, config.latent, config.train_circuit)
        except ValueError as error:
            raise ValueError(f"The latent of {cell.name} cannot be used. {error}") from error
