#!/usr/bin/env python3
"""Writes docs/metrics.md from qlatent_tf/glossary.csv."""

from pathlib import Path

from qlatent_tf.glossary import to_markdown

PAGE = Path(__file__).parents[1] / "metrics.md"

if __name__ == "__main__":
    PAGE.write_text(to_markdown(), encoding="utf-8")
