"""What computes: said before hours are spent on it, and kept with a run."""

import os
from pathlib import Path

import tensorflow as tf
from absl import logging

_NVIDIA = Path("/dev/nvidia0")


def computing_devices() -> str:
    """Returns what TensorFlow computes on: its GPUs by name, or this machine's processor."""
    gpus = _gpus()
    if not gpus:
        return "the processor"
    details = (tf.config.experimental.get_device_details(gpu) for gpu in gpus)
    names = ", ".join(one.get("device_name", "GPU") for one in details)
    return f"{len(gpus)} GPU{'s' * (len(gpus) > 1)} ({names})"


def _gpus():
    return tf.config.list_physical_devices("GPU")


def tell_devices() -> str:
    """Logs what computes, and warns of a GPU that TensorFlow does not use; returns the former."""
    found = computing_devices()
    # Once for all runs of a study.
    logging.log_first_n(logging.INFO, "Training on %s.", 1, found)
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if not _gpus() and _NVIDIA.exists() and not hidden:
        logging.log_first_n(
            logging.WARNING,
            "This machine has an NVIDIA GPU that TensorFlow does not use. Its libraries come with "
            "the extra: pip install 'qlatent_tf[cuda]'.",
            1,
        )
    return found
