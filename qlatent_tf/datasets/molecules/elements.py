"""The codes of atoms and bonds, and which atoms a data set has. Nothing here needs RDKit."""

from collections.abc import Mapping, Sequence

from qlatent_tf.checks import check_count
from qlatent_tf.text.names import did_you_mean

# A code is a place in these. Files and trained networks hold codes: entries are only added.
ATOMS = ("PAD", "C", "N", "O", "F", "S", "Cl", "Br", "P", "I", "B", "Si", "Se")
ATOMIC_NUMBERS = (0, 6, 7, 8, 9, 16, 17, 35, 15, 53, 5, 14, 34)
BONDS = ("none", "single", "double", "triple", "aromatic")

# What a data set has unless it is told otherwise.
MAX_ATOMS = 9
ELEMENTS = ("C", "N", "O", "F")
# A graph of more has over 10,000 pairs, each of which the networks hold several times.
LARGEST_MAX_ATOMS = 100


def check_max_atoms(value) -> int:
    """Returns the places for atoms in a graph, a whole number from 1 to 100.

    Raises:
      ValueError: if it is anything else.
    """
    count = check_count(value, "max_atoms", least=1)
    if count > LARGEST_MAX_ATOMS:
        raise ValueError(f"max_atoms is at most {LARGEST_MAX_ATOMS}; received {count}.")
    return count


def check_elements(value: Sequence[str] | str) -> tuple[str, ...]:
    """Returns elements in the order of their codes.

    Args:
      value: sequence of str. Different symbols of `ATOMS`, in any order; or, as a command line
        gives them, a text with commas between them, such as ``"C,N,O,S"``.

    Raises:
      ValueError: if they are none, unknown or repeated, or no symbols.
    """
    known = ATOMS[1:]
    legal = f"elements is a list of different symbols among {', '.join(known)}"
    listed = [one.strip() for one in value.split(",")] if isinstance(value, str) else value
    if not isinstance(listed, (list, tuple)) or not listed:
        raise ValueError(f"{legal}; received {value!r}.")
    for symbol in listed:
        if not isinstance(symbol, str) or symbol not in known:
            hint = did_you_mean(symbol, known) if isinstance(symbol, str) else ""
            raise ValueError(f"{legal}; received {symbol!r} in {value!r}.{hint}")
        if listed.count(symbol) > 1:
            raise ValueError(f"{legal}; received {symbol!r} twice in {value!r}.")
    return tuple(symbol for symbol in known if symbol in listed)


def graph_sizes(options: Mapping) -> tuple[int, int]:
    """Returns the places and the types of atoms that a data set's options ask for.

    Types are codes: as many as the highest code of an element and one, for the code 0 pads.

    Raises:
      ValueError: if `max_atoms` or `elements` is not legal.
    """
    elements = check_elements(options["elements"])
    return check_max_atoms(options["max_atoms"]), ATOMS.index(elements[-1]) + 1


def in_words(elements: Sequence[str]) -> str:
    """Returns elements as a sentence names them, such as "C, N, O and F"."""
    *first, last = elements
    return f"{', '.join(first)} and {last}" if first else last
