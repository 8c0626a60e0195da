"""Compiled kernels against their sources, and which changes of these have them compiled again."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from harness import ROOT

from qlatent_tf.quantum import compiled
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


@pytest.mark.slow
def test_compiled_kernels_do_what_their_sources_say():
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    interpreted = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    expected, found = json.loads(interpreted.stdout), draw_with_every_method()
    assert found["rows"] == expected["rows"]
    for name, values in expected["log_probs"].items():
        np.testing.assert_allclose(found["log_probs"][name], values, rtol=1e-4, err_msg=name)


def test_kernels_are_compiled_again_where_a_file_of_any_changes(tmp_path, monkeypatch):
    for folder in ("kernels", "samplers", "gaussian"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    sources = compiled._sources.__wrapped__
    seen = {sources()}
    for name in ("random_streams.py", "kernels/glynn.py", "samplers/lanes.py", "gaussian/a.py"):
        (tmp_path / name).write_text("a = 1")
        seen.add(sources())
        (tmp_path / name).write_text("a = 2")
        seen.add(sources())
    assert len(seen) == 9
    (tmp_path / ".#lanes.py").symlink_to("nowhere")  # An editor's.
    assert sources() in seen


def test_a_kept_kernel_has_the_hash_of_all_files_of_kernels(monkeypatch):
    def stamp(sources):
        monkeypatch.setattr(compiled, "_sources", lambda: sources)
        return compiled.kernel(lambda x: 2 * x)._cache._cache_file._source_stamp

    assert stamp("a") == stamp("a") != stamp("b")


def test_all_files_of_kernels_are_looked_at():
    folders = {
        path.parent.relative_to(ROOT / "qlatent_tf" / "quantum").as_posix()
        for path in (ROOT / "qlatent_tf").rglob("*.py")
        if "quantum.compiled import kernel" in path.read_text(encoding="utf-8")
    }
    assert folders == {".", "kernels", "samplers", "gaussian"}


if __name__ == "__main__":
    np.seterr(over="ignore")  # hashes of NumPy's integers wrap around with a warning
    print(json.dumps(draw_with_every_method()))
