from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from rdkit import Chem

from qlatent_tf.datasets.molecules import pictures
from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.datasets.molecules.pictures import draw_molecules
from qlatent_tf.drawing.images import draw_images
from qlatent_tf.drawing.png import write_picture
from qlatent_tf.drawing.vectors import beside_data, draw_vectors


def _molecules(count):
    atoms, bonds = molecule_to_graph(Chem.MolFromSmiles("Cc1ccccc1"))
    samples = {"atoms": np.tile(atoms, (count, 1)), "bonds": np.tile(bonds, (count, 1, 1))}
    samples["atoms"][-1] = 4  # fluorine everywhere: no molecule
    return samples


@pytest.mark.parametrize(
    "count, shape",
    [
        (1, (160, 200, 3)),
        (5, (320, 600, 3)),
        (16, (640, 800, 3)),
        (100, (1280, 1600, 3)),
    ],
)
def test_molecules_fill_a_grid(count, shape):
    picture = draw_molecules(_molecules(count))
    assert picture.shape == shape and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, draw_molecules(_molecules(count)))


def test_an_invalid_cell_holds_a_word_only():
    picture = draw_molecules(_molecules(4))
    drawn, invalid = picture[160:, :200], picture[160:, 200:]
    assert 0 < (invalid < 255).sum() < (drawn < 255).sum()


def test_the_word_for_invalid_keeps_its_size_without_molecules():
    samples = _molecules(4)
    beside = draw_molecules(samples)[160:, 200:]
    samples["atoms"][:] = 4
    alone = draw_molecules(samples)[160:, 200:]
    assert (alone < 255).sum() < 2 * (beside < 255).sum()


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(0).poisson(0.5, (100, 16)).astype(np.float32),
        np.full((3, 4), 1e30),
        np.full((3, 4), np.nan),
        np.zeros((1, 1)),
    ],
)
def test_vectors_whatever_their_values(samples):
    picture = draw_vectors(samples)
    assert picture.shape == (480, 960, 3) and picture.dtype == np.uint8
    assert len(np.unique(picture)) > 1


def test_a_pixel_becomes_a_square():
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 28, 3), np.uint8)
    picture = draw_images(images)
    assert picture.shape == (2 * 96 + 2, 3 * 84 + 2 * 2, 3) and picture.dtype == np.uint8
    for index in range(5):
        row, column = divmod(index, 3)
        cell = picture[row * 98 : row * 98 + 96, column * 86 : column * 86 + 84]
        for shift in range(3):
            np.testing.assert_array_equal(cell[shift::3, shift::3], images[index])
    assert (picture[98:, 2 * 86 :] == 255).all() and (picture[96:98] == 255).all()


def test_bands_are_shown():
    images = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 4), np.uint8)
    picture = draw_images(images)
    assert picture.shape == (194, 2 * 194 + 16, 3)
    np.testing.assert_array_equal(picture[:96, :96], images[0, ..., :3])
    np.testing.assert_array_equal(picture[:96, 210:306], images[0][..., [3, 0, 1]])
    grey = draw_images(images[:1, ..., :1])
    np.testing.assert_array_equal(grey, images[0, ..., [0, 0, 0]].transpose(1, 2, 0))
    assert draw_images(images[:1, ..., :2]).shape == (96, 2 * 96 + 16, 3)
    assert draw_images(np.repeat(images, 20, axis=0)).shape[0] == 8 * 98 - 2


@pytest.mark.parametrize(
    "draw, samples",
    [
        (draw_images, np.zeros((0, 4, 4, 3), np.uint8)),
        (draw_images, np.zeros((1, 4, 4, 3))),
        (draw_images, np.zeros((4, 4, 3), np.uint8)),
        (draw_vectors, np.zeros((0, 4))),
        (draw_vectors, np.zeros(4)),
        (draw_molecules, {"atoms": np.zeros((0, 9), int), "bonds": np.zeros((0, 9, 9), int)}),
    ],
)
def test_nothing_to_draw_is_an_error(draw, samples):
    with pytest.raises(ValueError, match="received"):
        draw(samples)


@pytest.mark.parametrize("columns", [0, -1, 2.0, "3", True])
@pytest.mark.parametrize("draw", [draw_images, draw_molecules])
def test_columns_are_a_number_from_1(draw, columns):
    samples = _molecules(4) if draw is draw_molecules else np.zeros((4, 2, 2, 3), np.uint8)
    assert draw(samples, columns=np.int64(4)).shape == draw(samples, columns=4).shape
    with pytest.raises(ValueError, match=f"^columns is .*; received {columns!r}"):
        draw(samples, columns=columns)


def test_a_grid_has_no_more_columns_than_images():
    images = np.zeros((3, 2, 2, 3), np.uint8)
    assert draw_images(images, columns=200_000).shape == draw_images(images, columns=3).shape


@pytest.mark.filterwarnings("error")
def test_a_generator_that_diverges_is_drawn_beside_its_data():
    samples = [[1e308, -1e308], [np.nan, 3.0]]
    assert draw_vectors(samples, [[0.5, 1.25], [2.0, 3.0]]).shape == (480, 960, 3)
    with pytest.raises(ValueError, match=r"drawn from shape \(n, width\); received \(0, 2\)"):
        draw_vectors(samples, np.zeros((0, 2)))


def test_a_picture_is_written_of_bytes_alone(tmp_path):
    picture = draw_images(np.zeros((1, 2, 2, 3), np.uint8))
    for other in (picture / 255.0, picture[..., 0], picture[..., :2], picture[:0]):
        with pytest.raises(ValueError, match=f"A picture is a uint8 array.*received {other.dtype}"):
            write_picture(tmp_path / "picture.png", other)
    assert not any(tmp_path.iterdir())
    write_picture(tmp_path / "picture.png", picture)
    with Image.open(tmp_path / "picture.png") as written:
        np.testing.assert_array_equal(written, picture)


def test_molecules_that_scores_count_as_invalid_say_so(monkeypatch):
    legends = []
    monkeypatch.setattr(
        pictures.Draw,
        "MolsToGridImage",
        lambda molecules, legends, **_: captions(legends),
    )

    def captions(found):
        legends.extend(found)
        return Image.new("RGB", (4, 4))

    graphs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in ("CCO", "C.O", "CO")]
    atoms, bonds = map(np.stack, zip(*graphs, strict=True))
    atoms[2, 0] = 0  # A node without an element, which has a bond.
    draw_molecules({"atoms": atoms, "bonds": bonds})
    assert legends == ["CCO", "invalid, fragments", "invalid, wildcard"]
    pictures.draw_smiles(["C"], ["x" * 40])
    assert legends[-1] == "x" * 27 + "..."


def test_the_data_s_histogram_stands_beside_that_of_samples():
    samples, real = np.zeros((5, 3)), np.ones((4, 3))
    picture = draw_vectors(samples, real)
    assert picture.shape == draw_vectors(samples).shape
    assert (picture != draw_vectors(samples)).any()
    source = SimpleNamespace(sample=lambda count, seed: real)
    np.testing.assert_array_equal(beside_data(source)(samples), picture)


def test_rows_are_named():
    images = np.full((4, 32, 32, 3), 255, np.uint8)
    plain, named = draw_images(images, 2), draw_images(images, 2, rows=("real", "rebuilt"))
    margin = named.shape[1] - plain.shape[1]
    np.testing.assert_array_equal(named[:, margin:], plain)
    upper, lower = np.array_split(named[:, :margin], 2)
    assert (upper < 128).any() and (lower < 128).any() and (upper[:90] != lower[-90:]).any()
