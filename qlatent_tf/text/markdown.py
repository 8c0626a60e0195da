"""Tables in Markdown."""

import re
from collections.abc import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence], words: int = 1) -> list[str]:
    """Returns the lines of a table.

    Args:
      heads: sequence of str. The columns' heads.
      rows: iterable of sequences. Each with an entry for each column.
      words: int. How many columns, the first ones, are left-aligned; the others are numbers.
    """
    rule = "|" + "---|" * words + "---:|" * (len(heads) - words)
    first, *others = ("| " + " | ".join(map(escaped, row)) + " |" for row in (heads, *rows))
    return [first, rule, *others]


def escaped(entry) -> str:
    """Returns an entry as one line in which nothing ends a column or begins a tag.

    Text may come from files of others, such as a cell of an experiment.
    """
    text = " ".join(str(entry).split()) if str(entry).strip() else ""
    # A backslash before a bar would escape the bar's own.
    return re.sub(r"(\\*)\|", r"\1\1\|", text).replace("<", "&lt;")
