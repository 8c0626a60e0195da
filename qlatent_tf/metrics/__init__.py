"""Metrics.

A metric is ``f(dataset, samples, *, progress=False) -> dict[str, float]``: what a `Dataset` knows
of the real samples, and generated samples in data space.

The size of a sample is part of what was measured, so each figure is called
``<figure>@<number of generated samples>``, such as ``valid_share@10000``; the comparison with
another sample or network stands before the ``@``. `sized` makes these names. A figure that is not
defined (the mean over no molecules) is NaN.
"""
