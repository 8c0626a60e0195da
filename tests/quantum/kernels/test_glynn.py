import numpy as np
import pytest

from qlatent_tf.quantum.kernels.glynn import REFRESH, VECTOR_TERMS, compute_minors, new_buffers
from qlatent_tf.quantum.reference import permanent_ryser

TOLERANCE = {np.float64: 1e-11, np.float32: 5e-6}


def partitions(total, largest=None):
    """Yields the partitions of `total`, largest part first."""
    if total == 0:
        yield ()
    for part in range(min(total, largest or total), 0, -1):
        for rest in partitions(total - part, part):
            yield (part, *rest)


def minors(rows, counts, dtype, vector_terms, refresh):
    """Returns the kernel's minors of complex `rows`, `[distinct rows, k]`."""
    k = rows.shape[1]
    parts = np.zeros((2, k, k), dtype)
    parts[:, : len(rows)] = rows.real, rows.imag
    padded_counts = np.zeros(k, np.int64)
    padded_counts[: len(rows)] = counts
    buffers = new_buffers(k, parts)
    compute_minors(parts, padded_counts, len(rows), k, vector_terms, refresh, *buffers)
    return buffers.minors[0] + 1j * buffers.minors[1]


def expected_minors(rows, counts):
    k = rows.shape[1]
    repeated = np.repeat(rows, counts, axis=0)
    return 2.0 ** (k - 2) * np.array(
        [permanent_ryser(np.delete(repeated, column, axis=1)) for column in range(k)]
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("k", range(2, 10))
def test_every_partition_of_rows_matches_ryser(k, dtype):
    random = np.random.default_rng(k)
    for partition in partitions(k - 1):
        for counts in {partition, partition[::-1]}:
            rows = random.normal(size=(len(counts), k)) + 1j * random.normal(size=(len(counts), k))
            rows = rows.astype(np.complex64)  # the same numbers in both precisions
            expected = expected_minors(rows.astype(complex), counts)
            scale = TOLERANCE[dtype] * np.abs(expected).max()
            for vector_terms in (0, 10**6):  # the vector path, then the scalar one
                for refresh in (1, 3, REFRESH):
                    actual = minors(rows, counts, dtype, vector_terms, refresh)
                    np.testing.assert_allclose(
                        actual, expected, rtol=0, atol=scale, err_msg=f"{counts} {refresh}"
                    )


def test_large_sum_takes_the_vector_path():
    rows = np.random.default_rng(0).normal(size=(13, 14)) + 0j
    expected = expected_minors(rows, [1] * 13)
    actual = minors(rows, [1] * 13, np.float64, VECTOR_TERMS, REFRESH)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("k, limit", [(12, 3e-6), (17, 2e-5)])
def test_single_precision_error_of_the_next_mode(k, limit):
    """Total variation between the laws of the next mode in both precisions."""
    random = np.random.default_rng(k)
    modes = 2 * k
    parts = random.normal(size=(2, modes, k)) / (2 * k) ** 0.5
    columns = parts[0] + 1j * parts[1]
    drawn, counts = np.unique(random.integers(modes, size=k - 1), return_counts=True)
    laws = []
    for dtype in (np.float64, np.float32):
        weights = np.abs(columns @ minors(columns[drawn], counts, dtype, 0, REFRESH)) ** 2
        laws.append(weights / weights.sum())
    assert np.abs(laws[0] - laws[1]).sum() / 2 < limit
