"""Goes on elsewhere with a run: from the checkpoint in a preset, or in another run's directory."""

import dataclasses
import shutil
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.differences import format_differences
from qlatent_tf.runs.callbacks import checkpoint_steps
from qlatent_tf.runs.run_directory import RunDirectory, data_differences
from qlatent_tf.storage.files import atomic_path, sha256_of, write_json
from qlatent_tf.storage.preset_files import CHECKPOINT_FOLDER, preset_directory
from qlatent_tf.zoo import read_preset


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """A checkpoint from which a new run directory begins.

    Attributes:
      path: Path. The preset or the run that holds it.
      config: Config. What it was trained with, as it was recorded.
      step: int. The generator step it is of.
      files: tuple of Path. The checkpoint's files, the one that makes it whole last.
      record: dict. ``run.json`` of the run: the data really used, seconds of training.
    """

    path: Path
    config: Config
    step: int
    files: tuple[Path, ...]
    record: dict

    def check_data(self, dataset) -> None:
        """Refuses to go on with other data than those it was trained on.

        Raises:
          ValueError: naming what differs.
        """
        recorded = self.record.get("dataset")
        differences = {} if recorded is None else data_differences(recorded, dataset)
        if differences:
            raise ValueError(
                f"{self.path} was trained on other data (its -> yours): "
                f"{format_differences(differences)}. What is continued is continued on the same "
                "data."
            )

    def begin(self, run: RunDirectory) -> None:
        """Copies the checkpoint into a run that has none; one that has some goes on from those."""
        if checkpoint_steps(run.checkpoints):
            return
        write_json(run.path / "run.json", {**self.record, "step": self.step})
        for file in self.files:
            with atomic_path(run.checkpoints / file.name) as temporary:
                shutil.copyfile(file, temporary)


def starting_point(source) -> StartingPoint:
    """Finds the checkpoint of a preset, given by name or directory, or of a run's directory.

    No code is run, whatever the source names.

    Raises:
      FileNotFoundError: if there is no such source, or no checkpoint in it.
      ValueError: if a file is damaged.
    """
    run = RunDirectory(source)
    if not run.checkpoints.is_dir():
        return _in_preset(preset_directory(source))
    steps = checkpoint_steps(run.checkpoints)
    if not steps:
        raise FileNotFoundError(f"{run.path} has no checkpoint yet.")
    files = checkpoint_files(run.checkpoints, steps[-1])
    return StartingPoint(
        run.path, run.read_config(trust_code=True), steps[-1], files, run.read_run()
    )


def checkpoint_files(folder, step: int) -> tuple[Path, ...]:
    """Returns the files of one checkpoint, the index, without which there is none, last."""
    files = sorted(Path(folder).glob(f"ckpt-{step}.*"))
    return tuple(sorted(files, key=lambda file: file.suffix == ".index"))


def _in_preset(directory):
    description = read_preset(directory, trust_code=True)
    prefix = f"{CHECKPOINT_FOLDER}/"
    hashes = {
        directory / name: digest
        for name, digest in description["sha256"].items()
        if name.startswith(prefix)
    }
    if not hashes:
        raise FileNotFoundError(
            f"The preset {directory} holds no checkpoint, so that its training cannot be "
            "continued: it was published without --with-checkpoint. --config trains it again."
        )
    for file, digest in hashes.items():
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} is missing: its preset names it, but an installed package comes without "
                "checkpoints. Take the preset from where it was published."
            )
        if sha256_of(file) != digest:
            raise ValueError(
                f"{file} has SHA-256 {sha256_of(file)}, its preset says {digest}: the file is "
                "damaged or was exchanged. Fetch the preset again."
            )
    record = description["provenance"]
    step = record.get("step")
    files = checkpoint_files(directory / CHECKPOINT_FOLDER, step)
    if set(files) != set(hashes) or not isinstance(record.get("dataset"), dict):
        raise ValueError(
            f"{directory} does not hold the checkpoint of step {step} that its config.json tells "
            "of. Fetch the preset again."
        )
    return StartingPoint(directory, description["config"], step, files, record)
