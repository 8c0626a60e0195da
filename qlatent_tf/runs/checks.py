"""What can be refused before a run's directory is made, or anything is traced or compiled."""

import math
import os

from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.gan.shapes import check_draws, end_of
from qlatent_tf.models.images.builder import BANDS, most_blocks
from qlatent_tf.quantum import memory
from qlatent_tf.registry import OwnCodeError, datasets, models

_FLOAT = 4
# Batches are drawn ahead of the step that needs them.
_AHEAD = 4
# Seconds a step for its latents, from which a bank of them is the better choice.
_SLOW = 1.0


def check_path(path) -> None:
    """Refuses a path that is not UTF-8, which TensorFlow cannot write to.

    Raises:
      ValueError: naming it.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"TensorFlow writes to paths that are UTF-8 only; received {os.fsencode(path)!r}."
        ) from None


def check_memory(config: Config, model) -> None:
    """Refuses batches and evaluations that are larger than this machine's memory.

    Raises:
      ValueError: with both sizes.
    """
    largest = max(config.batch_size, config.generator_batch_size or 0)
    latent = int(model.latent.event_shape[0])
    rows = config.batch_size * config.critic_steps + largest
    # What a layer makes of one update's samples is kept for its gradient.
    kept = largest * sum(
        _width(layer.output) for layer in model.generator.layers if hasattr(layer, "output")
    )
    needed = _FLOAT * (_AHEAD * rows * latent + kept)
    if hasattr(model.latent, "check_batch"):
        model.latent.check_batch(_latents_of_a_step(config) // model.replicas)
    evaluated = config.evaluation_samples
    memory.check_memory(_FLOAT * evaluated * latent, f"{evaluated:,} evaluation_samples")
    total = memory.memory_limit()
    if needed > total:
        raise ValueError(
            f"A batch of {largest:,} samples needs about {memory.readable_bytes(needed)}, latents "
            "drawn ahead and the generator's layers alone; this machine has "
            f"{memory.readable_bytes(total)}. Choose a smaller batch_size."
        )


def affordable(latent, most: int, seconds: float) -> int:
    """Returns how many latents can be drawn in a time, at most so many and not fewer than 100."""
    needed = _sampling_seconds(latent, most)
    return most if needed <= seconds else max(100, int(most * seconds / needed))


def warn_of_slow_draws(config: Config, latent, data) -> None:
    """Says so where the latents or the real samples of a step take seconds, and what to do."""
    for drawn, source, rows, advice in (
        (
            "latents",
            latent,
            _latents_of_a_step(config),
            "Draw a bank once, qlatent-tf sample_latent, and train on it: --latent samples "
            "--latent-file BANK.",
        ),
        (
            "real samples",
            data,
            config.batch_size * config.critic_steps,
            "Take fewer photons, or train on samples of a file: --dataset vectors.",
        ),
    ):
        needed = _sampling_seconds(source, rows)
        if needed > _SLOW:
            logging.warning(
                "Each step draws %d %s, which takes about %.2g s. %s", rows, drawn, needed, advice
            )


def check_fit(config: Config, model, dataset) -> None:
    """Refuses data that the model cannot be trained on.

    Raises:
      ValueError: with the shapes of both.
    """
    check_draws(model.latent, config.latent, config.train_circuit)
    try:
        model.training_batches(dataset.source, config.batch_size, config.seed)
    except OwnCodeError:
        raise
    except Exception as error:
        # Errors of Keras and TensorFlow take many lines, which say less than the shapes.
        clear = isinstance(error, ValueError) and "\n" not in str(error)
        made = end_of(model.generator, "output")
        graphs = _other_graphs(config, made, dataset.source)
        advice = graphs or _other_size(config, made, dataset)
        # Types of atoms are no part of the data's shapes, of which the rest of the message tells.
        reason = f": {error}" if clear and (graphs or not advice) else "."
        raise ValueError(
            f"The model {config.model!r} cannot be trained on {dataset.name!r}{reason} Its "
            f"generator makes {_shapes(made)}, the data are {_shapes(dataset.source)}.{advice}"
        ) from error


def _other_size(config, made, dataset):
    """What to set where vectors or images are of another size than the generator's, or nothing."""
    data = dataset.source
    rows = tuple(data.event_shape if hasattr(data, "sample") else getattr(data, "shape", ())[1:])
    options, ours = models.options(config.model), tuple(getattr(made, "shape", ()))[1:]
    # Nothing else has images and no arrays with names.
    in_folder = config.dataset == "images" and dataset.provenance.get("arrays") == []
    if len(rows) != len(ours) or rows == ours:
        return ""
    if len(rows) == 1 and "features" in options:
        return f" Set model_options.features={rows[0]}."
    if len(rows) != 3 or not {"resolution", "channels"} <= options.keys():
        return ""
    (height, width, channels), side = rows, ours[0]
    advice = []
    if height != width or height != side:
        ways = [f"dataset_options.size={side}"] if in_folder else []
        blocks = most_blocks(height)
        if height == width and height % 2**blocks == 0:
            ways.append(f"model_options.resolution={height} with model_options.blocks={blocks}")
        if not ways:
            return " The model makes squares, their side a multiple of 4: cut or scale the images."
        advice.append(", or ".join(ways))
    if channels != ours[2]:
        ways = ["dataset_options.grey=true"] if in_folder and ours[2] == 1 else []
        if channels in BANDS:
            ways.append(f"model_options.channels={channels}")
        elif "bands" in datasets.options(config.dataset):
            ways.append("dataset_options.bands=3 with model_options.channels=3")
        advice.append(", or ".join(ways))
    return f" Set {'; and '.join(filter(None, advice))}." if any(advice) else ""


def _other_graphs(config, made, data):
    """What to set where graphs have other places or types of atoms than the generator's."""
    both = all(isinstance(one, dict) and {"atoms", "bonds"} <= one.keys() for one in (made, data))
    if not both or not {"max_atoms", "atom_types"} <= models.options(config.model).keys():
        return ""
    places, types = made["atoms"].shape[1:]
    found, needed = data["atoms"].shape[1], int(data["atoms"].max(initial=0)) + 1
    ways = [f"model_options.max_atoms={found}"] if found != places else []
    ways += [f"model_options.atom_types={needed}"] if needed > types else []
    return f" Set {' and '.join(ways)}." if ways else ""


def _shapes(data) -> str:
    if hasattr(data, "sample"):
        return f"vectors of shape {tuple(data.event_shape)}"
    parts = data if isinstance(data, dict) else {"samples": data}
    return ", ".join(f"{name} of shape {tuple(part.shape[1:])}" for name, part in parts.items())


def _width(output) -> int:
    parts = output.values() if isinstance(output, dict) else [output]
    return sum(math.prod(side or 1 for side in getattr(part, "shape", ())[1:]) for part in parts)


def _latents_of_a_step(config):
    return config.batch_size * config.critic_steps + (
        config.generator_batch_size or config.batch_size
    )


def _sampling_seconds(source, num_samples: int) -> float:
    """The estimate of a distribution that takes long to sample; 0 for others, which have none."""
    estimate = getattr(source, "sampling_seconds", None)
    return estimate(num_samples) if estimate else 0.0
