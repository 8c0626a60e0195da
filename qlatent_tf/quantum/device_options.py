"""Checks of the options of a photonic device."""

import numpy as np

from qlatent_tf.quantum.validate import check_count


def check_probability(value, name: str) -> float:
    """Returns `value` as a float after checking that it is from 0 to 1.

    Raises:
      ValueError: if it is not.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is a number from 0 to 1; received {value!r}.") from None
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} is a number from 0 to 1; received {value!r}.")
    return number


def check_transmission(value, modes: int) -> np.ndarray:
    """Returns the transmission of each mode, float64, shape `[modes]`.

    Raises:
      ValueError: if the shape is neither `[]` nor `[modes]`, or an entry is not from 0 to 1.
    """
    array = np.asarray(value)
    if array.shape not in ((), (modes,)) or array.dtype.kind not in "biuf":
        raise ValueError(
            f"transmission is a number or an array of shape ({modes},); received {value!r}."
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"transmission holds numbers from 0 to 1; received {value!r}.")
    return np.broadcast_to(array.astype(np.float64), (modes,)).copy()


def check_postselect(value) -> tuple[int, int] | None:
    """Returns the least and the most total that is kept, or None for no post-selection.

    Raises:
      ValueError: if it is neither a count nor a pair of counts in ascending order.
    """
    if value is None:
        return None
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(pair) != 2:
        raise ValueError(f"postselect is a total or a pair (least, most); received {value!r}.")
    least, most = (check_count(total, "postselect") for total in pair)
    if least > most:
        raise ValueError(f"postselect is a pair (least, most) in this order; received {value!r}.")
    return least, most


def check_choice(value, legal: tuple[str, ...], name: str) -> str:
    """Returns `value` after checking that it is one of `legal`.

    Raises:
      ValueError: if it is not.
    """
    if value not in legal:
        raise ValueError(f"{name} is one of {', '.join(legal)}; received {value!r}.")
    return value
