"""What a committed preset samples stays what it was: compared with samples that were stored once.

To store those of new presets, and leave the others: python tests/test_preset_samples.py
"""

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
# On some processors oneDNN computes in bfloat16, on others not; it rounds elsewhere. Models of that
# precision differ by 0.6 of 255 levels on average, and by 10 at most, as measured.
BFLOAT16_LEVELS = {"mean": 1.0, "largest": 20}


def drawn(preset):
    """Returns what a preset samples and its latent draws: name -> array."""
    model = qlatent_tf.from_preset(preset)
    samples = model.sample(NUM_SAMPLES, seed=SEED)
    parts = samples if isinstance(samples, dict) else {"values": samples}
    latent = model.latent.sample(NUM_SAMPLES, seed=np.array([SEED, 0], np.int32))
    arrays = {**parts, "latent": latent}
    return {f"{preset}/{part}": np.asarray(array) for part, array in arrays.items()}


@pytest.mark.usefixtures("eager_steps")
@pytest.mark.parametrize("preset", qlatent_tf.list_presets())
def test_presets_sample_what_they_always_did(preset):
    with np.load(STORED) as file:
        stored = {name: file[name] for name in file.files if name.startswith(f"{preset}/")}
    assert stored, f"run {Path(__file__).name} as a script"
    now = drawn(preset)
    assert now.keys() == stored.keys()
    assert all(np.isfinite(array).all() and len(array) == NUM_SAMPLES for array in now.values())
    for name, before in stored.items():
        assert now[name].dtype == before.dtype and now[name].shape == before.shape
        if before.dtype == np.uint8 and before.ndim == 4:
            distance = np.abs(now[name].astype(int) - before)
            if read_preset(preset)["config"].precision == "mixed_bfloat16":
                assert distance.mean() <= BFLOAT16_LEVELS["mean"]
                assert distance.max() <= BFLOAT16_LEVELS["largest"]
            else:
                assert distance.max() <= 1 and (distance > 0).mean() <= DIFFERENT_PIXELS
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
            arrays.update(drawn(preset))
    np.savez_compressed(STORED, **arrays)


if __name__ == "__main__":
    store()
