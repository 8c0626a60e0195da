"""TensorBoard events of a run: samples, scores, the latent, hyper-parameters."""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from qlatent_tf.config import Config
from qlatent_tf.drawing.style import figure_picture, new_figure
from qlatent_tf.glossary import title
from qlatent_tf.latents.photons import entering_photons
from qlatent_tf.runs.checks import affordable
from qlatent_tf.runs.ending import telling_scores
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage.files import atomic_path

GRID_SAMPLES = 36
LATENT_SAMPLES = 10_000
# TensorBoard sorts tags by name and shows twelve on a page: the most informative come first.
SAMPLES, KEY_SCORES, SCORES = "1_samples", "2_key_scores", "3_scores"
LOSSES, SPEED = "4_losses", "5_speed"
LATENT, MODES = "6_latent", "7_latent_modes"
CIRCUIT = "8_circuit"
# All of them: TensorBoard shows the columns that one run of a folder names, also for the others.
_HYPER_PARAMETERS = ("model", "latent", "modes", "photons", "data", "seed", "steps")
# For latents that take longer, the histograms show fewer.
_DRAWING_SECONDS = 20.0
# Correlations beyond it have the last colour.
_STRONG = 0.5


class RunEvents:
    """Writes what TensorBoard shows of a run beside its losses.

    Args:
      directory: path. Where the event file goes; its name is the run's.
      config: Config. Shown as text, and what runs differ in as hyper-parameters.
      model: LatentGenerator. Its latent is shown as histograms, that of a GAN as pair correlations.
      dataset: Dataset. Real samples are drawn by its `render`.
      start: int. The step at which this session begins.
    """

    def __init__(self, directory, config: Config, model, dataset, start: int):
        begins = not any(Path(directory).glob("events.*"))
        self.writer = tf.summary.create_file_writer(str(directory))
        self._model = model
        self._seed = config.seed
        self._dataset = dataset
        self._values = hyper_parameters(config)
        self._described = False
        with self.writer.as_default(step=start):
            hparams.hparams(self._values, trial_id=Path(directory).resolve().name)
            text = json.dumps(config.to_json(), indent=2)
            tf.summary.text("configuration", f"```\n{text}\n```")
            tf.summary.text("latent", f"`{model.latent!r}`")
            if begins:
                self._write_latent(model, config.seed)
                self._write_picture("real", _real_grid(dataset, config.seed))

    @property
    def grid_latents(self):
        """The latents whose samples are shown, those of one seed."""
        seed = _seed_pair(self._seed, "sample grid")
        return self._model.latent.sample(GRID_SAMPLES, seed=seed)

    def write_evaluation(self, step: int, scores, pictures) -> None:
        """Writes scores that are defined, and pictures, uint8 arrays by name.

        ``samples`` is that of the run's fixed latents.
        """
        key = {score.key for score in telling_scores(scores)}
        with self.writer.as_default(step=step):
            for score in scores:
                if np.isfinite(score.mean):
                    group = KEY_SCORES if score.key in key else SCORES
                    tf.summary.scalar(f"{group}/{score.key}", score.mean)
            for name, picture in pictures.items():
                self._write_picture("generated" if name == "samples" else name, picture)
            if not self._described:
                # Only now is it known which scores there are.
                hparams.hparams_config(
                    hparams=[hparams.HParam(name) for name in _HYPER_PARAMETERS],
                    metrics=[
                        hparams.Metric(
                            f"{KEY_SCORES}/{score.key}", display_name=title(score.metric)
                        )
                        for score in telling_scores(scores)
                    ],
                )
                self._described = True
            if getattr(self._model, "latent_layer", None) is not None:
                self._write_latent(self._model, self._seed)
                self._write_moments(self._model.latent)
        self.writer.flush()

    def close(self) -> None:
        """Writes what is still in memory."""
        self.writer.close()

    def _write_picture(self, name, picture):
        tf.summary.image(f"{SAMPLES}/{name}", picture[np.newaxis])

    def _write_latent(self, model, seed):
        count = affordable(model.latent, LATENT_SAMPLES, _DRAWING_SECONDS)
        values = model.latent.sample(count, seed=_seed_pair(seed, "latent histogram")).numpy()
        tf.summary.histogram(f"{LATENT}/all", values)
        tf.summary.histogram(f"{LATENT}/sum", values.sum(axis=1))
        for mode in range(min(values.shape[1], 16)):
            tf.summary.histogram(f"{MODES}/mode_{mode:02d}", values[:, mode])
        if model.trains_on_latent:
            picture = correlation_picture(values)
            tf.summary.image(f"{LATENT}/pair_correlations", picture[np.newaxis])

    def _write_moments(self, latent):
        """The exact moments of a latent that is trained."""
        for mode, (mean, variance) in enumerate(zip(latent.mean(), latent.variance(), strict=True)):
            tf.summary.scalar(f"{CIRCUIT}/mode_{mode:02d}_mean", mean)
            tf.summary.scalar(f"{CIRCUIT}/mode_{mode:02d}_variance", variance)


def forget_later(directory, step: int) -> None:
    """Removes what event files hold of later steps, which a run that resumes writes again."""
    for file in Path(directory).glob("events.*"):
        kept, whole = [], True
        try:
            for record in tf.data.TFRecordDataset(str(file)):
                if tf.compat.v1.Event.FromString(record.numpy()).step <= step:
                    kept.append(record.numpy())
                else:
                    whole = False
        except tf.errors.DataLossError:  # The end that a killed writer left.
            whole = False
        if not whole:
            with atomic_path(file) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
                for record in kept:
                    writer.write(record)


def correlation_picture(values) -> np.ndarray:
    """Draws the correlation matrix of samples, on one scale for all latents.

    The diagonal, always 1, is left white.

    Args:
      values: array, ``(num_samples, width)``.

    Returns:
      np.ndarray, uint8 ``(height, width, 3)``.
    """
    spread = values.std(axis=0)
    normal = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    matrix = normal.T @ normal / len(values)
    np.fill_diagonal(matrix, 0)
    figure = new_figure(5.4, 4.6)
    panel = figure.subplots()
    image = panel.imshow(matrix, cmap="RdBu_r", vmin=-_STRONG, vmax=_STRONG)
    panel.set(xlabel="mode", ylabel="mode", title=f"correlations of {len(values):,} latents")
    figure.colorbar(image, ax=panel, extend="both", label="correlation coefficient")
    return figure_picture(figure)


def hyper_parameters(config: Config) -> dict:
    """Returns what runs differ in, by which TensorBoard filters and sorts them."""
    options = config.latent_options
    named = {name: options[name] for name in ("modes", "photons") if type(options.get(name)) is int}
    if ":" not in config.latent and {"photons", "input_state"} <= options.keys():
        names = ("modes", "photons", "input_state")
        named["photons"] = sum(entering_photons(*(options[name] for name in names)))
    return {
        "model": config.model,
        "latent": config.latent,
        **named,
        "data": config.dataset,
        "seed": config.seed,
        "steps": config.steps,
    }


def _real_grid(dataset, seed):
    source = dataset.source
    if hasattr(source, "sample"):
        return dataset.render(source.sample(GRID_SAMPLES, seed=_seed_pair(seed, "grid")).numpy())
    size = len(tf.nest.flatten(source)[0])
    chosen = np.random.default_rng(derive_seed(seed, "real grid")).choice(
        size, min(GRID_SAMPLES, size), replace=False
    )
    return dataset.render(tf.nest.map_structure(lambda part: part[np.sort(chosen)], source))


def _seed_pair(seed, purpose):
    return tf.constant([derive_seed(seed, purpose), 0], tf.int32)
