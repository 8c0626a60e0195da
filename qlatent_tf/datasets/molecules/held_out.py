"""Which molecules are held out: not trained on, and scored as if a model had made them."""

import hashlib
import numbers

import numpy as np


def check_share(share: float) -> None:
    """Refuses what is no share of molecules to hold out, before any are read.

    Raises:
      ValueError: unless it is a number from 0 to below 1.
    """
    is_number = isinstance(share, numbers.Real) and not isinstance(share, bool)
    if not (is_number and 0 <= share < 1):
        raise ValueError(f"test_share is a number from 0 to below 1; received {share!r}.")


def held_out(smiles: np.ndarray, share: float, name: str) -> np.ndarray:
    """Returns which molecules are held out, a bool array of the shape of `smiles`.

    The hash of a molecule's SMILES decides, not its place: equal molecules stay together, and in
    another order of the file, or beside others, the same ones are held out.

    Args:
      smiles: str array, shape `(n,)`. Canonical SMILES of the molecules' graphs.
      share: float from 0 to below 1. About how many of the distinct ones are held out.
      name: str. The data set's, for errors.

    Raises:
      ValueError: if the share is out of range, or it leaves no molecule on one side.
    """
    check_share(share)
    if not share:
        return np.zeros(len(smiles), bool)
    distinct, rows = np.unique(smiles, return_inverse=True)
    digests = (hashlib.sha256(text.encode()).digest() for text in distinct.tolist())
    places = np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])
    out = (places < share)[rows]
    if not 0 < out.sum() < len(out):
        raise ValueError(
            f"test_share={share:g} of the {len(distinct):,} distinct molecules of {name} holds out "
            f"{'all' if out.any() else 'none'}. Choose another share."
        )
    return out
