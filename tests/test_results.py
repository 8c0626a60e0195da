"""The committed results follow from the committed cells, and a page shows them."""

import importlib
import re
import statistics

import pytest
from harness import ROOT

from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.grids.finished_cells import read_cells

# Called <experiment>_<generator steps>, or <experiment>_<what differs>_<generator steps>.
_FOLDERS = sorted(folder.parent for folder in (ROOT / "docs" / "results").glob("*/cells"))
# Whose table is too long for the page of all results.
_PAGES = {"capacity": "docs/last_qgan.md"}
_PAGE = "docs/results.md"


def _names(folder):
    """Returns the name of the experiment, the longest that begins the folder's, and the steps."""
    begins = (name for name in EXPERIMENTS if folder.name.startswith(f"{name}_"))
    return max(begins, key=len), int(folder.name.rpartition("_")[2])


@pytest.mark.parametrize(
    "folder",
    [
        # Confidence intervals of its laws take 2,000 fits.
        pytest.param(folder, marks=pytest.mark.slow if folder.name == "capacity_2000" else ())
        for folder in _FOLDERS
    ],
    ids=lambda folder: folder.name,
)
def test_a_table_is_that_of_its_cells(folder, tmp_path, no_charts):
    name, steps = _names(folder)
    EXPERIMENTS[name].write(tmp_path, read_cells(folder, steps))
    for suffix in ("md", "csv"):
        written = (folder / f"{name}.{suffix}").read_text(encoding="utf-8")
        assert written == (tmp_path / f"{name}.{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: folder.name)
def test_its_page_shows_the_table(folder):
    name, _ = _names(folder)
    table = (folder / f"{name}.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) > 1
    shown = (ROOT / _PAGES.get(name, _PAGE)).read_text(encoding="utf-8")
    for row in rows:
        assert row in shown
    assert f"results/{folder.name}" in (ROOT / _PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: folder.name)
def test_the_table_of_studies_counts_the_runs_and_their_minutes(folder):
    minutes = [cell["seconds"] / 60 for cell in read_cells(folder)]
    page = (ROOT / _PAGE).read_text(encoding="utf-8")
    said = re.search(rf"\| (\d+) \| (\d+) \| \[{folder.name}\]", page).groups()
    assert said == (f"{len(minutes)}", f"{statistics.median(minutes):.0f}")


def test_the_summary_is_that_of_the_cells(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "scripts"))
    summary = importlib.import_module("summarize_results")
    compared = [(question, summary.compare(question)) for question in summary.QUESTIONS]
    written = (ROOT / "docs" / "results" / "summary.md").read_text(encoding="utf-8")
    assert written == summary.to_markdown(compared)
    assert len(summary.draw(compared).axes[0].lines) > len(compared)


def test_there_are_results():
    assert _FOLDERS


@pytest.mark.parametrize("page", ["README.md", _PAGE])
def test_what_a_page_says_of_photon_counts_is_in_the_summary(page):
    summary = (ROOT / "docs" / "results" / "summary.md").read_text(encoding="utf-8")
    said = re.search(
        r"(\d+) % closer to\s+integers .*?(\d+) % closer",
        (ROOT / page).read_text(encoding="utf-8"),
        re.DOTALL,
    ).groups()
    found = [
        re.search(
            rf"photon counts, 5,000 steps \| `boson` beside `{other}` .*?\| -([\d.]+) ±", summary
        )[1]
        for other in ("gaussian", "photonic")
    ]
    assert list(said) == [f"{float(difference):.0f}" for difference in found]
