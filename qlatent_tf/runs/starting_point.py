"""Where a new run resumes training: the checkpoint of a preset, or of another run."""

import dataclasses
import shutil
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.runs.callbacks import checkpoint_steps
from qlatent_tf.runs.run_directory import RunDirectory, holds_run
from qlatent_tf.storage.files import atomic_path, write_json
from qlatent_tf.storage.preset_files import CHECKPOINT_FOLDER, check_hash, preset_directory
from qlatent_tf.zoo import read_preset


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """A checkpoint from which a new run directory starts.

    Attributes:
      path: Path. The preset or the run that holds it.
      config: Config. What it was trained with, as it was recorded.
      step: int. The generator step it is of.
      files: tuple of Path. The checkpoint's files, the one that makes it whole last; behind them
        those of the one before, where there is one.
      record: dict. ``run.json`` of the run: the data really used, seconds of training.
    """

    path: Path
    config: Config
    step: int
    files: tuple[Path, ...]
    record: dict

    def begin(self, run: RunDirectory) -> None:
        """Copies the checkpoint into a run that has none; one that has some keeps those."""
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
    if not holds_run(source):
        return _in_preset(preset_directory(source))
    steps = checkpoint_steps(run.checkpoints)
    if not steps:
        raise FileNotFoundError(f"{run.path} has no checkpoint yet.")
    # The one before, too: a run begins with it where a full disk has left the last one in part.
    files = [file for step in steps[:-3:-1] for file in checkpoint_files(run.checkpoints, step)]
    return StartingPoint(
        run.path, run.read_config(trust_code=True), steps[-1], tuple(files), run.read_run()
    )


def checkpoint_files(folder, step: int) -> tuple[Path, ...]:
    """Returns the files of one checkpoint, the index, without which there is none, last."""
    files = sorted(Path(folder).glob(f"ckpt-{step}.*"))
    return tuple(sorted(files, key=lambda file: file.suffix == ".index"))


def _in_preset(directory):
    description = read_preset(directory, trust_code=True)
    named = description["sha256"].items()
    kept = {name: digest for name, digest in named if name.startswith(f"{CHECKPOINT_FOLDER}/")}
    hashes = {directory / name: digest for name, digest in kept.items()}
    if not hashes:
        raise FileNotFoundError(
            f"The preset {directory} holds no checkpoint to resume from. Train it from the first "
            "step by --config. If the run is yours, publish --with-checkpoint --overwrite adds it."
        )
    for file, digest in hashes.items():
        if not file.is_file():
            raise FileNotFoundError(
                f"{file} is missing: its preset names it, but an installed package comes without "
                "checkpoints. Take the preset from where it was published."
            )
        check_hash(file, digest)
    record = description["provenance"]
    step = record.get("step")
    files = checkpoint_files(directory / CHECKPOINT_FOLDER, step)
    if set(files) != set(hashes) or not isinstance(record.get("dataset"), dict):
        raise ValueError(
            f"{directory} does not hold the checkpoint of step {step} that its config.json tells "
            "of. Fetch the preset again."
        )
    return StartingPoint(directory, description["config"], step, files, record)
