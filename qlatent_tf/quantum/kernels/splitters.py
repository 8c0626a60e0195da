"""What one beam splitter does to photon numbers, by a recursion without cancellation.

A splitter takes a photon of its first input to its first output with amplitude c and to its second
with s, and one of the second input with -s and c. Write A_j(n, k) for the amplitude of j photons in
the first output when n and k enter. The N = n + k photons are counted by
N |n, k> = sqrt(n) a^dag |n-1, k> + sqrt(k) b^dag |n, k-1>, so that

    N A_j(n, k) = sqrt(n) (  c sqrt(j) A_{j-1}(n-1, k) + s sqrt(N-j) A_j(n-1, k))
                + sqrt(k) (- s sqrt(j) A_{j-1}(n, k-1) + c sqrt(N-j) A_j(n, k-1))

The right-hand side is the part of (splitter) x (matrix of N - 1 photons) that is symmetric in all
photons: a projection, which enlarges no rounding error. Adding photons of one input alone, with
1 / sqrt(n) in front, would double the square of the error with each.
"""

import math

import numpy as np

from qlatent_tf.quantum.compiled import kernel


@kernel
def _add_photon(cos, sin, first, second, one_less_first, one_less_second, amplitudes):
    """A_j(first, second) from A_j(first - 1, second) and A_j(first, second - 1), j = 0 .. N."""
    photons = first + second
    for j in range(photons + 1):
        to_first, to_second = math.sqrt(j), math.sqrt(photons - j)
        value = 0.0
        if first > 0:
            if j > 0:
                value += math.sqrt(first) * cos * to_first * one_less_first[j - 1]
            if j < photons:
                value += math.sqrt(first) * sin * to_second * one_less_first[j]
        if second > 0:
            if j > 0:
                value -= math.sqrt(second) * sin * to_first * one_less_second[j - 1]
            if j < photons:
                value += math.sqrt(second) * cos * to_second * one_less_second[j]
        amplitudes[j] = value / photons


@kernel
def table_start(most_first, second):
    """Where A_j(0, second) stands in a splitter's table: behind all smaller `second`.

    A_j(n, k) stands n (k + 1) + n (n - 1) / 2 + j places behind A_0(0, k).
    """
    return (second * (second + 1) * (most_first + 1) + second * most_first * (most_first + 1)) // 2


@kernel
def fill_splitter_table(cos, sin, most_first, most_second, table):
    """A_j(n, k) for n <= most_first, k <= most_second and all j, see `table_start`.

    table: float64 `[table_start(most_first, most_second + 1)]`.
    """
    none = np.empty(0, np.float64)
    for k in range(most_second + 1):
        start = table_start(most_first, k)
        for n in range(most_first + 1):
            at = start + n * (k + 1) + n * (n - 1) // 2
            if n + k == 0:
                table[at] = 1.0
                continue
            one_less_first, one_less_second = none, none
            if n > 0:
                one_less_first = table[at - (n + k) : at]
            if k > 0:
                below = table_start(most_first, k - 1) + n * k + n * (n - 1) // 2
                one_less_second = table[below : below + n + k]
            _add_photon(cos, sin, n, k, one_less_first, one_less_second, table[at : at + n + k + 1])


@kernel
def balanced_start(photons):
    """Where the matrix of so many photons stands in the table of `balanced_splitters`."""
    return photons * (photons + 1) * (2 * photons + 1) // 6


@kernel
def balanced_splitters(most_photons):
    """The matrices of the balanced splitter for 0 .. most_photons photons, one after the other.

    It takes a^dag to (a^dag + b^dag) / sqrt(2) and b^dag to (a^dag - b^dag) / sqrt(2). The entry
    [j, k] of the matrix of N photons leads from k to j photons in the second mode. It is symmetric,
    its own inverse, and [j, N - k] = (-1)^j [j, k].
    """
    table = np.empty(balanced_start(most_photons + 1), np.float64)
    none = np.empty(0, np.float64)
    half = math.sqrt(0.5)
    table[0] = 1.0
    for photons in range(1, most_photons + 1):
        start, before = balanced_start(photons), balanced_start(photons - 1)
        for k in range(photons + 1):  # in the second mode, which is counted at the output, too
            one_less_first, one_less_second = none, none
            if k < photons:
                one_less_first = table[before + k * photons : before + (k + 1) * photons]
            if k > 0:
                one_less_second = table[before + (k - 1) * photons : before + k * photons]
            at = start + k * (photons + 1)
            _add_photon(
                half, half, photons - k, k, one_less_first, one_less_second,
                table[at : at + photons + 1],
            )  # fmt: skip
    return table
