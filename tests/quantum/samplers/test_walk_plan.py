import numpy as np
import pytest
from harness import first_modes

from qlatent_tf.quantum.samplers.walk_plan import LET_IN, MEASURE, SPLIT, plan_walk, walk_shape
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary


@pytest.mark.parametrize(
    "delays, width",
    [("1", 1), ("1-1", 2), ("1-1-1", 3), ("2", 1), ("3", 1), ("1-2", 3), ("2-4", 3), ("1-3-9", 13)],
)
def test_loops_keep_as_many_modes_as_they_hold(delays, width):
    """The sum of the delays; where they have a divisor, bins apart by less never meet."""
    unitary = loop_unitary(32, delays, seed=1)
    shape = walk_shape(unitary, np.ones(32, np.int64))
    assert shape.width == width
    assert sorted(shape.order) == list(range(32))
    assert shape.entered[-1] == 32 and shape.widths[-1] == 0


def test_the_order_of_the_outputs():
    unitary = loop_unitary(9, "1-1", seed=0)
    state = np.ones(9, np.int64)
    assert walk_shape(unitary, state).order.tolist() == list(range(9))
    assert walk_shape(unitary[::-1], state).order[:6].tolist() == [8, 7, 6, 5, 4, 3]
    halves = walk_shape(loop_unitary(7, "2", seed=0), np.ones(7, np.int64)).order.tolist()
    assert halves == [0, 2, 4, 6, 1, 3, 5]


def test_empty_inputs_are_no_modes_to_keep():
    state = np.array([0, 3, 0, 0, 2, 0, 0, 0])
    shape = walk_shape(haar_unitary(8, seed=0), state)
    assert shape.width == 2 and shape.amplitudes == 6
    assert walk_shape(haar_unitary(8, seed=0), np.zeros(8, np.int64)).amplitudes == 1


def test_photons_in_the_kept_modes():
    """A photon enters with every bin, and one leaves on average: two are there in between."""
    modes = 6
    angles = np.full(modes - 1, np.pi / 4)
    unitary = loop_unitary(modes, "1", angles=angles)
    shape = walk_shape(unitary, np.ones(modes, np.int64))
    # Two bins are there when an output is measured, the last one alone at the end.
    np.testing.assert_allclose(shape.mean_kept, [2, 2, 2, 2, 2, 1])
    np.testing.assert_array_equal(shape.entered, [2, 3, 4, 5, 6, 6])


@pytest.mark.parametrize(
    "unitary",
    [
        loop_unitary(9, "1-1", seed=2),
        loop_unitary(9, "1-3-5", seed=2),
        loop_unitary(9, "2", seed=2),
        haar_unitary(9, seed=2),
        haar_unitary(9, seed=3)[np.eye(9, dtype=int)[[3, 1, 2, 0, 4, 8, 7, 6, 5]].argmax(1)],
        np.kron(np.eye(3), haar_unitary(3, seed=1)),
        np.eye(9),
        np.eye(9)[[4, 2, 0, 1, 3, 8, 7, 5, 6]],
    ],
)
@pytest.mark.parametrize(
    "state", [first_modes(9, 9), first_modes(3, 9), [0, 1, 0, 2, 0, 0, 1, 0, 0]]
)
def test_a_plan_keeps_no_more_than_the_shape_says(unitary, state):
    state = np.array(state)
    shape = walk_shape(unitary, state)
    steps, _ = plan_walk(unitary, state, shape.order)
    width, photons, widths, outputs, let_in = 0, 0, [], [], []
    for kind, first, second in steps.tolist():
        if kind == LET_IN:
            let_in.append(first)
            width += 1
        elif kind == SPLIT:
            let_in.append(second)
        elif kind == MEASURE:
            width -= 1
        if kind in (SPLIT, MEASURE):
            photons = sum(state[i] for i in let_in if i < 9)
            assert photons <= shape.entered[len(outputs)]
            outputs.append(first)
            widths.append(width)
    assert outputs == shape.order.tolist()
    assert (np.array(widths) <= shape.widths).all()
    assert sorted(i for i in let_in if i < 9) == np.flatnonzero(state).tolist()
