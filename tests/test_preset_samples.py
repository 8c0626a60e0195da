"""What a committed preset samples stays what it was: compared with samples that were stored once.

To store those of new presets, and leave the others: python tests/test_preset_samples.py
With a preset and a file, it stores in the file what the preset samples.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import qlatent_tf
from qlatent_tf.zoo import read_preset

STORED = Path(__file__).parent / "golden" / "preset_samples.npz"
NUM_SAMPLES = 8
SEED = 7
# Pixels are floats that were rounded: on another processor some lie on the other side of a half.
DIFFERENT_PIXELS = 1e-3
# Of models in bfloat16, which has 8 bits, more do: 0.11 and 0.21 % were seen on two processors.
# Samples of another generator, or of other latents, differ in most pixels, and by more.
DIFFERENT_BFLOAT16_PIXELS = 1e-2


def drawn(preset):
    """Returns what a preset samples and its latent draws: name -> array."""
    model = qlatent_tf.from_preset(preset)
    samples = model.sample(NUM_SAMPLES, seed=SEED)
    parts = samples if isinstance(samples, dict) else {"values": samples}
    latent = model.latent.sample(NUM_SAMPLES, seed=np.array([SEED, 0], np.int32))
    arrays = {**parts, "latent": latent}
    return {f"{preset}/{part}": np.asarray(array) for part, array in arrays.items()}


def in_bfloat16(preset):
    """Returns whether a preset computes in bfloat16."""
    return read_preset(preset)["config"].precision == "mixed_bfloat16"


def drawn_alike(preset):
    """Returns what `drawn` does, on any processor the same but for rounding.

    On some processors oneDNN computes in bfloat16: there pixels differ by up to 10 of 255 levels.
    Models in bfloat16 draw in a process whose TensorFlow computes without it.
    """
    if not in_bfloat16(preset):
        return drawn(preset)
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "drawn.npz")
        subprocess.run([sys.executable, __file__, preset, target], check=True, env=environment)
        with np.load(target) as file:
            return dict(file)


@pytest.mark.usefixtures("eager_steps")
@pytest.mark.parametrize("preset", qlatent_tf.list_presets())
def test_presets_sample_what_they_always_did(preset):
    with np.load(STORED) as file:
        stored = {name: file[name] for name in file.files if name.startswith(f"{preset}/")}
    assert stored, f"run {Path(__file__).name} as a script"
    now = drawn_alike(preset)
    assert now.keys() == stored.keys()
    assert all(np.isfinite(array).all() and len(array) == NUM_SAMPLES for array in now.values())
    for name, before in stored.items():
        assert now[name].dtype == before.dtype and now[name].shape == before.shape
        if before.dtype == np.uint8 and before.ndim == 4:
            distance = np.abs(now[name].astype(int) - before)
            most = DIFFERENT_BFLOAT16_PIXELS if in_bfloat16(preset) else DIFFERENT_PIXELS
            assert distance.max() <= 1 and (distance > 0).mean() <= most
        elif before.dtype.kind in "iu":
            np.testing.assert_array_equal(now[name], before)
        else:
            np.testing.assert_allclose(now[name], before, rtol=1e-4, atol=1e-4)


def store():
    """Adds the samples of presets that have none yet."""
    arrays = {}
    if STORED.exists():
        with np.load(STORED) as file:
            arrays = {name: file[name] for name in file.files}
    for preset in qlatent_tf.list_presets():
        if not any(name.startswith(f"{preset}/") for name in arrays):
            arrays.update(drawn_alike(preset))
    np.savez_compressed(STORED, **arrays)


if __name__ == "__main__":
    if sys.argv[1:]:
        np.savez(sys.argv[2], **drawn(sys.argv[1]))
    else:
        store()
