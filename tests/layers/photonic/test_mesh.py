import numpy as np
import pytest

from qlatent_tf.layers.photonic.mesh import clements_angles, make_mesh
from qlatent_tf.quantum import haar_unitary, loop_unitary
from qlatent_tf.quantum.unitaries import loop_angles


@pytest.mark.parametrize("modes", [1, 2, 3, 4, 7, 8, 16])
def test_the_decomposition_of_a_unitary_makes_it_again(modes):
    unitary = haar_unitary(modes, seed=modes)
    mesh = make_mesh(modes, "clements")
    assert mesh.splitters == modes * (modes - 1) // 2
    assert mesh.depth == (modes if modes > 2 else modes - 1)
    np.testing.assert_allclose(mesh.unitary(*clements_angles(unitary)), unitary, atol=1e-10)


@pytest.mark.parametrize("unitary", [
    np.eye(4), np.eye(4)[::-1], np.diag([1, 1j, -1, -1j]), np.kron(np.eye(2), [[0, 1j], [1j, 0]]),
    np.fft.fft(np.eye(4)) / 2, loop_unitary(6, "1-1", seed=0),
], ids=["identity", "reversed", "phases", "swaps", "fourier", "loops"])  # fmt: skip
def test_a_unitary_with_zeros_is_decomposed_too(unitary):
    made = make_mesh(len(unitary), "clements").unitary(*clements_angles(unitary))
    np.testing.assert_allclose(made, unitary, atol=1e-10)


def test_angles_are_found_again_from_the_unitary_that_they_make():
    mesh = make_mesh(5, "clements")
    draw = np.random.default_rng(0)
    # In the open quadrant and circle a mesh's angles are unique.
    angles, phases = draw.uniform(0.1, 1.4, 10), draw.uniform(-3, 3, 10)
    outputs = draw.uniform(-3, 3, 5)
    found = clements_angles(mesh.unitary(angles, phases, outputs))
    for ours, theirs in zip((angles, phases, outputs), found, strict=True):
        np.testing.assert_allclose(np.exp(1j * theirs), np.exp(1j * ours), atol=1e-10)


def test_loops_without_phases_are_those_of_quantum():
    mesh = make_mesh(7, "1-3")
    angles = loop_angles(7, "1-3", seed=2)
    made = mesh.unitary(angles, np.zeros(len(angles)), np.zeros(7))
    np.testing.assert_allclose(made, loop_unitary(7, "1-3", seed=2), atol=1e-14)


@pytest.mark.parametrize("name", ["clements", "1", "1-1", "1-2-4"])
def test_no_two_splitters_of_a_layer_share_a_mode_and_order_is_kept(name):
    mesh = make_mesh(9, name)
    for layer in range(mesh.depth):
        touched = mesh.pairs[mesh.layers == layer].ravel()
        assert len(touched) == len(set(touched)) > 0
    for mode in range(9):
        layers = mesh.layers[(mesh.pairs == mode).any(axis=1)]
        assert (np.diff(layers) > 0).all()


@pytest.mark.parametrize("name, message", [
    ("reck", "A mesh is 'clements' or loop delays such as '1-1'; received 'reck'"),
    ("1-4", "from 1 to modes - 1 = 3; received 4"),
])  # fmt: skip
def test_unknown_meshes_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        make_mesh(4, name)
