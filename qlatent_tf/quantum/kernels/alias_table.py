"""Walker's alias method: one 64-bit draw and one or two look-ups per sample.

A table of N outcomes is N records `threshold 2^32 << 32 | alias`. The 64-bit draw x picks a bucket
and a fraction from the 96-bit product x N: the bucket is its integer part over 2^64, the fraction
the 32 bits below. (Bucket and fraction from the two halves of x would make every bucket
probability a multiple of 2^-32, an error that grows with N.) The stored thresholds are rounded to
2^-32, so the distribution is exact to a total variation of 2^-33.

Reference: Vose, "A linear algorithm for generating random numbers with a given distribution",
IEEE Transactions on Software Engineering 17, 1991.
"""

import numpy as np

from qlatent_tf.quantum.compiled import kernel

MAX_TABLE_OUTCOMES = 2**32 - 1
LOW_32 = np.uint64(2**32 - 1)
BITS_32 = np.uint64(32)
TWO_TO_32 = 2.0**32


@kernel
def alias_index(records, draw):
    """The outcome that a uint64 draw selects from uint64 records `[N]`."""
    size = np.uint64(len(records))
    low_product = (draw & LOW_32) * size
    product = (draw >> BITS_32) * size + (low_product >> BITS_32)
    bucket = product >> BITS_32
    record = records[bucket]
    if (product & LOW_32) < (record >> BITS_32):
        return bucket
    return record & LOW_32


@kernel
def _fill_records(probabilities, total, records):
    """Vose's construction: each bucket under 1 is filled up by one outcome above 1."""
    size = len(probabilities)
    scaled = np.empty(size, np.float64)
    stack = np.empty(size, np.uint32)  # outcomes below 1 from the left, the others from the right
    small_end = np.int64(0)
    large_start = np.int64(size)
    for outcome in range(size):
        scaled[outcome] = probabilities[outcome] * (size / total)
        if scaled[outcome] < 1.0:
            stack[small_end] = outcome
            small_end += 1
        else:
            large_start -= 1
            stack[large_start] = outcome
    while small_end > 0 and large_start < size:
        small_end -= 1
        small = np.int64(stack[small_end])
        large = np.int64(stack[large_start])
        threshold = np.uint64(min(np.round(scaled[small] * TWO_TO_32), TWO_TO_32 - 1.0))
        records[small] = (threshold << BITS_32) | np.uint64(large)
        scaled[large] -= 1.0 - scaled[small]
        if scaled[large] < 1.0:
            large_start += 1
            stack[small_end] = large
            small_end += 1
    # What is left is 1 up to rounding: the outcome itself, whatever the fraction.
    for place in range(size):
        if place < small_end or place >= large_start:
            outcome = np.uint64(stack[place])
            records[outcome] = (LOW_32 << BITS_32) | outcome


def alias_records(probabilities: np.ndarray) -> np.ndarray:
    """Returns the alias table, uint64 `[outcomes]`, of probabilities `[outcomes]`.

    They are normalised here.

    Raises:
      ValueError: if there are no outcomes, more than 2^32 - 1, or their sum is not positive.
    """
    if not 0 < len(probabilities) <= MAX_TABLE_OUTCOMES:
        raise ValueError(
            f"An alias table holds 1 to {MAX_TABLE_OUTCOMES} outcomes; received "
            f"{len(probabilities)}."
        )
    total = float(probabilities.sum())
    if not 0 < total < np.inf:
        raise ValueError(f"Probabilities have a positive finite sum; received {total}.")
    records = np.empty(len(probabilities), np.uint64)
    _fill_records(np.ascontiguousarray(probabilities, np.float64), total, records)
    return records
