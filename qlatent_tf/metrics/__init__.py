"""Metrics.

A metric is ``f(dataset, samples) -> list[Score]``: what a `Dataset` knows of the real samples, and
generated samples in data space; with a keyword ``progress`` it is told whether to show a bar. One
of your own may return a dict instead, of names and numbers.

The size of a sample is part of what was measured, so a `Score` names it, and with it the data and
the network that samples were compared with or judged by. In JSON its key says all of it, such as
``fcd_qm9_129925@10000``. A score that is not defined (the mean over no molecules) is NaN.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
