"""Lines between latents, drawn of images; molecules have their own tests beside `sample`."""

import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
from qlatent_tf.tools import interpolate


class _Model:
    """Draws images that are as bright as the first entry of their latent."""

    latent = types.SimpleNamespace(
        sample=lambda count, seed: np.linspace(0, 1, 3 * count).reshape(count, 3)
    )

    def sample(self, count, seed):
        return self.generate(np.zeros((count, 3)))

    def generate(self, latents):
        pixels = np.round(255 * latents[:, :1, None, None]).astype(np.uint8)
        return np.broadcast_to(pixels, (len(latents), 32, 32, 3))


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(interpolate, "load_model", lambda source, trust, file: (_Model(), None, 1))


def test_images_are_drawn_along_lines(model, tmp_path):
    out = tmp_path / "lines.png"
    assert interpolate.main(["some", "--rows", "2", "--columns", "3", "--out", str(out)]) == 0
    picture = plt.imread(out)[..., 0]
    cells = [[picture[row * 98 + 5, column * 98 + 5] for column in range(3)] for row in range(2)]
    # Latents 0 and 1 are the ends on the left, 2 and 3 those on the right.
    ends = np.linspace(0, 1, 12).reshape(4, 3)[:, 0]
    expected = [
        [left, (left + right) / 2, right] for left, right in zip(ends[:2], ends[2:], strict=True)
    ]
    np.testing.assert_allclose(cells, expected, atol=1 / 255)


def test_images_have_no_nearest_molecules(model, tmp_path, capsys):
    assert interpolate.main(["some", "--nearest", "--out", str(tmp_path / "a.png")]) == 1
    assert "Only molecules have nearest ones" in capsys.readouterr().err


def test_a_seed_beyond_32_bits_is_refused(model, tmp_path, capsys):
    command = ["some", "--seed", str(2**31), "--out", str(tmp_path / "a.png")]
    assert interpolate.main(command) == 1
    assert "a whole number of 32 bits; received 2147483648" in capsys.readouterr().err


def test_a_table_of_smiles_is_of_molecules_alone(model, tmp_path, capsys):
    assert interpolate.main(["some", "--out", str(tmp_path / "a.csv")]) == 1
    assert "Only molecules have SMILES for a .csv file" in capsys.readouterr().err
    assert interpolate.main(["some", "--out", str(tmp_path / "a.smi")]) == 1
    assert "should end with .png or .csv" in capsys.readouterr().err
