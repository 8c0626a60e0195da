#!/usr/bin/env python3
"""Writes docs/metrics.md from qlatent_tf/glossary.csv."""

from pathlib import Path

from qlatent_tf.glossary import to_markdown
from qlatent_tf.storage.files import write_text

PAGE = Path(__file__).parents[1] / "metrics.md"

if __name__ == "__main__":
    write_text(PAGE, to_markdown())
