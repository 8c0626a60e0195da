"""Compiled kernels against their sources.

Numba recompiles a cached kernel when its own file changes, but not when a file changes whose
functions or constants it took in. Interpreted kernels have no cache to be stale.
"""

import json
import os
import subprocess
import sys

import numpy as np
from harness import ROOT

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary


def draw_with_every_method() -> dict:
    unitary, state = haar_unitary(9, seed=0), [1, 2, 1, 1, 1, 1, 0, 0, 0]
    rows, log_probs = {}, {}
    for method in ("table", "lanes", "glynn"):
        for precision in ("double", "single"):
            name = f"{method} {precision}"
            sampler = BosonSampler(
                unitary, state, method=method, precision=precision, num_threads=1
            )
            drawn, log_prob = sampler.sample(6, seed=3, start=5, return_log_prob=True)
            rows[name], log_probs[name] = drawn.tolist(), log_prob.tolist()
            log_probs[f"{name}, again"] = sampler.log_prob(drawn).tolist()
    sampler = BosonSampler(loop_unitary(9, "1-2", seed=0), state, method="loop", num_threads=1)
    drawn, log_prob = sampler.sample(6, seed=3, start=5, return_log_prob=True)
    rows["loop"], log_probs["loop"] = drawn.tolist(), log_prob.tolist()
    log_probs["loop, again"] = sampler.log_prob(drawn).tolist()
    for visibility in (0, 0.5):
        device = PhotonicDevice(unitary, state, indistinguishability=visibility, num_threads=1)
        drawn = device.sample(6, seed=3)
        rows[f"visibility {visibility}"] = drawn.tolist()
        log_probs[f"visibility {visibility}"] = device.log_prob(drawn[:1]).tolist()
    for light in ("squashed", "thermal", "coherent"):
        gaussian = GaussianDevice(unitary, 0.8, light=light, num_threads=1)
        rows[light] = gaussian.sample(6, seed=3).tolist()
    return {"rows": rows, "log_probs": log_probs}


def test_compiled_kernels_do_what_their_sources_say():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    interpreted = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected, compiled = json.loads(interpreted.stdout), draw_with_every_method()
    stale = (
        "The compiled kernels are not those of the sources. Delete Numba's caches and try again: "
        "find qlatent_tf -name '*.nb[ic]' -delete"
    )
    assert compiled["rows"] == expected["rows"], stale
    for name, values in expected["log_probs"].items():
        np.testing.assert_allclose(
            compiled["log_probs"][name], values, rtol=1e-4, err_msg=f"{name}: {stale}"
        )


if __name__ == "__main__":
    np.seterr(over="ignore")  # hashes of NumPy's integers wrap around with a warning
    print(json.dumps(draw_with_every_method()))
