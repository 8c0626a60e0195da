"""A run's directory: its configuration, what has been measured, and what it was made of."""

import dataclasses
import json
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.latents.files import other_file
from qlatent_tf.resolve import resolve
from qlatent_tf.storage.files import read_json, refuse_link, write_json
from qlatent_tf.storage.preset_files import versions
from qlatent_tf.storage.shapes import DATASET, LATENT_FILE, MEANS, SCORE
from qlatent_tf.text.differences import Differences, differences, format_differences
from qlatent_tf.text.names import did_you_mean

# Changing these leaves every training step as it was.
_CHANGEABLE = frozenset(
    {"steps", "evaluate_every", "evaluation_samples", "checkpoint_every", "metrics"}
)
# By these an evaluation has other scores.
_SCORING = ("metrics", "evaluation_samples")

_RUN = {
    "step": int,
    "seconds": float,
    "dataset?": DATASET,
    "latent_file?": LATENT_FILE,
    "code?": {str: str},
    "versions?": {str: str},
}
_METRICS = {"step": int, "history": [{"step": int, **MEANS}], "metrics?": {str: SCORE}}
# What is written anew where a run begins.
_WRITTEN = ("config.json", "run.json", "metrics.json")


class RunDirectory:
    """The files of one training run.

    - ``config.json``: the configuration, with nothing left to defaults that may change;
    - ``run.json``: the data and the latent's file really used, versions, seconds of training so
      far;
    - ``checkpoints/``: weights and optimizers;
    - ``metrics.json``: the last evaluation and the history of all;
    - ``samples.png``: generated samples; other pictures and TensorBoard's events beside it;
    - a directory of this kind for each part that was trained before.

    Args:
      path: path. The directory; made when the run is opened.

    Attributes:
      path: pathlib.Path.
    """

    def __init__(self, path):
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """The picture of generated samples."""
        return self.picture("samples")

    def picture(self, name: str) -> Path:
        """Returns the file of a picture."""
        return self.path / f"{name}.png"

    def open(self, config: Config) -> None:
        """Makes the directory for a configuration, as `resolve` returns it, or takes it up again.

        Raises:
          ValueError: if the directory holds a run of another configuration, with the differences,
            or files of these names that are no run's, such as a preset's.
        """
        self.check(config)
        for part in self.path.glob("*"):
            if part.is_dir():
                refuse_link(part)
        if not self.is_trained():
            for stale in _WRITTEN[1:]:
                (self.path / stale).unlink(missing_ok=True)
            for events in self.path.glob("events.out.tfevents.*"):
                events.unlink()
        # What killed writers left.
        for temporary in self.path.glob(".*.json.*.json"):
            temporary.unlink()
        for temporary in self.path.glob(".*.png.*.png"):
            temporary.unlink()
        self._forget_other_scores(config)
        steps = max(config.steps, self.read_run()["step"])
        write_json(self.path / "config.json", dataclasses.replace(config, steps=steps).to_json())

    def _forget_other_scores(self, config: Config) -> None:
        """Has the last evaluation made again if it was of other metrics or samples than asked."""
        metrics = self.read_metrics()
        step = metrics["step"]
        # Only where training goes on at that step, and scores it.
        scored = step >= config.steps or step % config.evaluate_every == 0
        if not step or step != self.read_run()["step"] or not scored:
            return
        known = self.read_config(trust_code=True)
        if any(getattr(known, name) != getattr(config, name) for name in _SCORING):
            history = [row for row in metrics["history"] if row["step"] < step]
            write_json(self.path / "metrics.json", {**metrics, "step": 0, "history": history})

    def check(self, config: Config) -> None:
        """Refuses what `open` refuses, and makes nothing.

        A run that ended before its first checkpoint may begin with another configuration.

        Raises:
          ValueError: as `open`.
        """
        if (self.path / "config.json").is_file() and self.is_trained():
            known = self.read_config(trust_code=True)
            self.check_configuration(differences_by_name_first(known, config))
        elif not _is_configured(self.path):
            self._check_free()

    def _check_free(self) -> None:
        """Refuses a directory whose files training would write over, though they are no run's."""
        found = [name for name in _WRITTEN if (self.path / name).exists()]
        if found and not any(self.checkpoints.glob("ckpt-*")):
            what = f"{' and '.join(found)} of something else, such as a preset"
            raise ValueError(
                f"{self.path} holds {what}, and no run: training would write over it. Choose "
                "another --workdir; --continue-from trains a preset further in one."
            )

    def is_trained(self) -> bool:
        """Returns whether there is a step to continue from."""
        return any(self.checkpoints.glob("ckpt-*")) or self.read_run()["step"] > 0

    def check_configuration(self, found: Differences) -> None:
        """Refuses to continue a run under a configuration that trains otherwise.

        Raises:
          ValueError: naming what was found, each field with the run's value and yours.
        """
        if found:
            raise ValueError(
                f"{self.path} holds a run of another configuration (its value -> yours): "
                f"{format_differences(found)}. Choose another --workdir, or the same options, such "
                "as --variant and --set."
            )

    def read_config(self, *, trust_code: bool = False) -> Config:
        """Returns the run's configuration.

        Args:
          trust_code: bool. Whether it may name code outside the project.

        Raises:
          FileNotFoundError: if there is no run here.
          ValueError: if its configuration cannot be read, or names code that is not trusted.
        """
        file = self.path / "config.json"
        if not file.is_file():
            others = [str(one.parent) for one in self.path.parent.glob("*/config.json")]
            raise FileNotFoundError(
                f"{self.path} holds no run: there is no config.json."
                + did_you_mean(str(self.path), others)
            )
        fields = read_json(file)
        try:
            return Config.from_json(fields, trust_code=trust_code)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{file}: {error}") from error

    def read_run(self) -> dict:
        """Returns ``run.json``; of a new run, its ``seconds`` and ``step`` of 0."""
        file = self.path / "run.json"
        return read_json(file, _RUN) if file.is_file() else {"seconds": 0.0, "step": 0}

    def write_run(
        self, step: int, seconds: float, dataset, *, latent_file=None, code=None, devices=None
    ) -> None:
        """Records the data really used, the step reached and the time it took.

        Args:
          step: int.
          seconds: float.
          dataset: Dataset.
          latent_file: dict. What `file_record` returned of the latent's file.
          code: dict. What `code_record` returned of someone's own code.
          devices: str. What computed, see `tell_devices`.
        """
        write_json(
            self.path / "run.json",
            {
                "step": step,
                "seconds": round(seconds, 1),
                "dataset": {"name": dataset.name, **dataset.provenance},
                "latent_file": latent_file,
                **({"code": code} if code else {}),
                **({"devices": devices} if devices else {}),
                "versions": versions(),
            },
        )

    def read_metrics(self) -> dict:
        """Returns ``metrics.json``, or an empty history at step 0.

        Raises:
          ValueError: if the file is damaged.
        """
        file = self.path / "metrics.json"
        if not file.is_file():
            return {"step": 0, "history": []}
        return read_json(file, _METRICS)

    def write_metrics(self, step: int, evaluation: dict, scores: dict) -> None:
        """Records an evaluation as the last one and adds its means to the history."""
        history = [row for row in self.read_metrics()["history"] if row["step"] < step]
        history.append({"step": step, **scores})
        write_json(self.path / "metrics.json", {"step": step, **evaluation, "history": history})


def training_differences(config: Config, other: Config) -> Differences:
    """Returns the differences by which the training steps are others; see `Config.differences`."""
    found = config.differences(other)
    return {name: values for name, values in found.items() if name not in _CHANGEABLE}


def differences_by_name_first(known: Config, config: Config) -> Differences:
    """Returns `training_differences`, options that an earlier version left open filled in.

    Names are compared first: a configuration from elsewhere may name code, which `resolve` would
    import, and none is run but what the other configuration names too. The folder and
    the name of a user's data file make no difference: `check_data` compares what the file holds.
    """
    files = [one.dataset_options.get("file") for one in (known, config)]
    # What an option of someone's own code means is not known here.
    if known.dataset == config.dataset and ":" not in known.dataset and all(files):
        config = config.override(**{"dataset_options.file": files[0]})
    found = training_differences(known, config)
    named = {name: found[name] for name in ("model", "latent", "dataset") if name in found}
    return found and (named or training_differences(resolve(known), config))


def data_differences(recorded: dict, dataset) -> Differences:
    """Returns how the data that a ``run.json`` records differ from a data set.

    Another name or another place of the same file is no difference.
    """
    now = {"name": dataset.name, **json.loads(json.dumps(dataset.provenance))}
    # Why entries were left out is told in other words by another version.
    recorded, now = ({**one, "refused": None} for one in (recorded, now))
    if recorded.get("sha256") and recorded["sha256"] == now.get("sha256"):
        recorded, now = ({**one, "file": None} for one in (recorded, now))
    return differences(recorded, now)


def holds_run(path) -> bool:
    """Returns whether a directory is a run's, which may have no checkpoint yet, and no preset."""
    return RunDirectory(path).checkpoints.is_dir() or _is_configured(Path(path))


def _is_configured(path: Path) -> bool:
    """Whether ``config.json`` in a directory is a run's."""
    try:
        described = read_json(path / "config.json")
    except (OSError, ValueError):
        return False
    return isinstance(described, dict) and "model" in described and "config" not in described


def check_data(path, record: dict, dataset, latent_file: dict | None = None) -> None:
    """Raises ValueError if a run, by its ``run.json``, began with other data or another file.

    Args:
      path: path. The run.
      record: dict. Its ``run.json``.
      dataset: Dataset.
      latent_file: dict. What `file_record` returns of the latent's file today.
    """
    recorded = record.get("dataset")
    found = {} if recorded is None else data_differences(recorded, dataset)
    if found:
        # Numbers tell a reader more than hashes do.
        found = dict(sorted(found.items(), key=lambda item: "sha256" in item[0]))
        raise ValueError(
            f"{path} was trained on other data (its -> yours): {format_differences(found)}. Name "
            "the folder of the same data by --data-dir, or begin another run."
        )
    other = other_file(path, record.get("latent_file"), latent_file)
    if other:
        raise ValueError(f"{other}. Name the same file, or begin another run.")
