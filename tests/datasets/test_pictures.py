import numpy as np
import pytest
from rdkit import Chem

from qlatent_tf.datasets.molecule_graphs import molecule_to_graph
from qlatent_tf.datasets.molecule_pictures import draw_molecules
from qlatent_tf.datasets.vector_pictures import draw_vectors


def _molecules(count):
    atoms, bonds = molecule_to_graph(Chem.MolFromSmiles("Cc1ccccc1"))
    samples = {"atoms": np.tile(atoms, (count, 1)), "bonds": np.tile(bonds, (count, 1, 1))}
    samples["atoms"][-1] = 4  # fluorine everywhere: no molecule
    return samples


@pytest.mark.parametrize("count, shape", [
    (1, (160, 200, 3)), (5, (320, 600, 3)), (16, (640, 800, 3)), (100, (1280, 1600, 3)),
])
def test_molecules_fill_a_grid(count, shape):
    picture = draw_molecules(_molecules(count))
    assert picture.shape == shape and picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, draw_molecules(_molecules(count)))


def test_an_invalid_cell_holds_a_word_only():
    picture = draw_molecules(_molecules(4))
    drawn, invalid = picture[160:, :200], picture[160:, 200:]
    assert 0 < (invalid < 255).sum() < (drawn < 255).sum()


@pytest.mark.parametrize("samples", [
    np.random.default_rng(0).poisson(0.5, (100, 16)).astype(np.float32),
    np.full((3, 4), 1e30), np.full((3, 4), np.nan), np.zeros((1, 1)),
])
def test_vectors_whatever_their_values(samples):
    picture = draw_vectors(samples)
    assert picture.shape == (480, 960, 3) and picture.dtype == np.uint8
    assert len(np.unique(picture)) > 1


@pytest.mark.parametrize("draw, samples", [
    (draw_vectors, np.zeros((0, 4))), (draw_vectors, np.zeros(4)),
    (draw_molecules, {"atoms": np.zeros((0, 9), int), "bonds": np.zeros((0, 9, 9), int)}),
])
def test_nothing_to_draw_is_an_error(draw, samples):
    with pytest.raises(ValueError, match="received"):
        draw(samples)
