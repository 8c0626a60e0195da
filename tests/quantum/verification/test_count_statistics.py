import numpy as np

from qlatent_tf.quantum.verification.count_statistics import count_statistics


def test_count_statistics_by_hand():
    rows = np.array([[0, 2, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]])
    counts = count_statistics(rows)
    assert (counts.shots, counts.modes, counts.largest_count) == (4, 3, 2)
    np.testing.assert_allclose(counts.mean_photons, [0.5, 0.75, 0.5])
    np.testing.assert_allclose(counts.total_law, [0.25, 0.25, 0, 0.5])
    assert counts.collision_rate == 0.25
