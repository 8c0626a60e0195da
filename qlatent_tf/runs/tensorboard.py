"""TensorBoard events of a run: metrics, sample grids, the latent, hyper-parameters."""

import json
from pathlib import Path

import matplotlib
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from qlatent_tf.config import Config
from qlatent_tf.seeds import derive_seed

GRID_SAMPLES = 36
LATENT_SAMPLES = 10_000


class RunEvents:
    """Writes what TensorBoard shows of a run beside its losses.

    Args:
      directory: path. Where the event file goes.
      config: Config. Shown as text and as hyper-parameters.
      model: WGANGP. Its latent is shown as histograms and pair correlations.
      dataset: Dataset. Real samples are drawn by its `render`.
      start: int. The step at which this session begins.
    """

    def __init__(self, directory, config: Config, model, dataset, start: int):
        begins = not any(Path(directory).glob("events.*"))
        self.writer = tf.summary.create_file_writer(str(directory))
        self.grid_latents = model.latent.sample(
            GRID_SAMPLES, seed=_seed_pair(config.seed, "sample grid")
        )
        with self.writer.as_default(step=start):
            hparams.hparams(_hyper_parameters(config))
            text = json.dumps(config.to_json(), indent=2)
            tf.summary.text("configuration", f"```\n{text}\n```")
            tf.summary.text("latent", f"`{model.latent!r}`")
            if begins:
                self._write_latent(model.latent, config.seed)
                tf.summary.image("samples/real", _real_grid(dataset, config.seed)[np.newaxis])

    def write_evaluation(self, step: int, scores: dict[str, float], pictures) -> None:
        """Writes the metrics' means and pictures, uint8 arrays by name.

        ``samples`` is that of the run's fixed latents.
        """
        with self.writer.as_default(step=step):
            for name, value in scores.items():
                tf.summary.scalar(f"metrics/{name}", value)
            for name, picture in pictures.items():
                tag = "samples/generated" if name == "samples" else name
                tf.summary.image(tag, picture[np.newaxis])
        self.writer.flush()

    def close(self) -> None:
        """Writes what is still in memory."""
        self.writer.close()

    def _write_latent(self, latent, seed):
        values = latent.sample(LATENT_SAMPLES, seed=_seed_pair(seed, "latent histogram")).numpy()
        tf.summary.histogram("latent/all", values)
        for mode in range(min(values.shape[1], 16)):
            tf.summary.histogram(f"latent/mode_{mode:02d}", values[:, mode])
        tf.summary.histogram("latent/sum", values.sum(axis=1))
        tf.summary.image("latent/pair_correlations", correlation_picture(values)[np.newaxis])


def correlation_picture(values, cell: int | None = None) -> np.ndarray:
    """Draws the correlation matrix of samples, blue for -1 to red for +1.

    The diagonal, always 1, is left white, and colours span the largest correlation off it.

    Args:
      values: array, ``(num_samples, width)``.
      cell: int. Pixels a matrix entry; by default 16, or fewer where there are more than 32.

    Returns:
      np.ndarray, uint8 ``(width * cell, width * cell, 3)``.
    """
    cell = cell or max(min(16, 512 // values.shape[1]), 1)
    spread = values.std(axis=0)
    normal = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    matrix = normal.T @ normal / len(values)
    np.fill_diagonal(matrix, 0)
    largest = np.abs(matrix).max() or 1.0
    colours = matplotlib.colormaps["RdBu_r"](0.5 + matrix / (2 * largest))[..., :3]
    return np.kron((255 * colours).astype(np.uint8), np.ones((cell, cell, 1), np.uint8))


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


def _hyper_parameters(config):
    flat = {}
    for name, value in vars(config).items():
        entries = value.items() if isinstance(value, dict) else [("", value)]
        for option, entry in entries:
            key = f"{name}.{option}" if option else name
            flat[key] = entry if isinstance(entry, (bool, int, float, str)) else json.dumps(entry)
    return flat
