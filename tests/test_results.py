"""The committed results follow from the committed cells, and a page shows them."""

import importlib
import itertools
import re

import numpy as np
import pytest
from harness import ROOT
from scipy import stats

from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.grids.finished_cells import cell_scores, read_cells

# Called <experiment>_<generator steps>, or <experiment>_<what differs>_<generator steps>.
_FOLDERS = sorted(folder.parent for folder in (ROOT / "docs" / "results").glob("*/cells"))
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
    tables = [file for file in tmp_path.iterdir() if file.suffix in (".md", ".csv", ".json")]
    assert len(tables) >= 3
    for file in tables:
        text = file.read_text(encoding="utf-8")
        assert (folder / file.name).read_text(encoding="utf-8") == text, file.name


@pytest.fixture
def doc_scripts(monkeypatch):
    """Lets a test import the scripts of the documentation."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "scripts"))


def test_pages_show_the_tables_of_all_studies_and_what_their_runs_cost(doc_scripts):
    page = importlib.import_module("results_page")
    shown = [file.read_text(encoding="utf-8") for file in page.PAGES]
    assert shown == [page.filled(text) for text in shown]
    for folder in _FOLDERS:
        assert f"<!-- results/{folder.name}/{_names(folder)[0]}.md | " in "".join(shown)
        assert re.search(rf"\| \d+ \| \d+ \| \[{folder.name}\]", shown[0])


def test_a_page_follows_its_files(doc_scripts, tmp_path, monkeypatch):
    page = importlib.import_module("results_page")
    monkeypatch.setattr(page, "DOCS", tmp_path)
    (tmp_path / "results" / "a").mkdir(parents=True)
    (tmp_path / "results" / "a" / "t.md").write_text(
        "| x | y | paper | z | paper |\n"
        "|---|---:|---|---|---|\n"
        "| 1 | `a\\|b` | 3 | 4 | 5 |\n\nWords.\n\n| v |\n|---|\n| 6 |\n"
    )
    comment = "<!-- results/a/t.md | {} -->\n\n"
    asked = comment.format("y | z | paper")
    written = f"{asked}| y | z | paper |\n|---:|---|---|\n| `a\\|b` | 4 | 5 |\n\nMore."
    assert page.filled(f"{asked}| old |\n\nMore.") == written
    assert page.filled(written) == written
    assert page.filled(written.replace("\n\nMore", "\nMore")) == written
    second = "<!-- results/a/t.md, table 2 | v -->\n\n"
    assert page.filled(second) == f"{second}| v |\n|---|\n| 6 |\n\n"
    with pytest.raises(ValueError, match=r"received \['z', 'y'\]"):
        page.filled(comment.format("z | y"))


def test_the_site_takes_the_table_for_the_page_of_a_folder(doc_scripts):
    pages = importlib.import_module("site_pages")
    for folder in _FOLDERS:
        found = pages._paths(f"docs/results/{folder.name}/*.md")
        assert found[0] == f"docs/results/{folder.name}/{_names(folder)[0]}.md"


def test_the_summary_is_that_of_the_cells(doc_scripts):
    summary = importlib.import_module("summarize_results")
    compared = [(question, summary.compare(question)) for question in summary.QUESTIONS]
    written = (ROOT / "docs" / "results" / "summary.md").read_text(encoding="utf-8")
    assert written == summary.to_markdown(compared)
    (axis,) = summary.draw(compared).axes
    assert len(axis.lines) > len(compared)
    means = [one["score"].mean for question, found in compared if question.drawn for one in found]
    left, right = axis.get_xlim()
    assert left < min(means) and max(means) < right


_LESS = ("closer", "smaller", "lower", "fewer", "ahead")
_MORE = ("further", "larger", "higher", "more")


# What a page calls latents, besides by their names.
_CALLED = {"Gaussian": "gaussian", "air bits": "bernoulli", "distinguishable": "photonic"}


@pytest.fixture(scope="module")
def differences():
    """Folder -> per cent by which rows of equal seeds differ there -> the scores and latents.

    Per cents are a mean, the least and the largest.
    """
    values = {}
    for folder in _FOLDERS:
        for cell in read_cells(folder):
            config, row = cell["config"], (folder.name, tuple(cell["row"].items()))
            for score in cell_scores(cell).values():
                scored = values.setdefault((config.dataset, config.steps, score.name), {})
                scored.setdefault(row, {})[config.seed] = score.mean
    found = {}
    for (_, _, score), rows in values.items():
        for ours, other in itertools.permutations(rows, 2):
            seeds = rows[ours].keys() & rows[other].keys()
            # In one folder, or the same row in two.
            if len(seeds) > 1 and (ours[0] == other[0] or ours[1] == other[1]):
                two = ([rows[row][seed] for seed in seeds] for row in (ours, other))
                latents = {dict(row).get("latent", "") for _, row in (ours, other)}
                for folder, difference in itertools.product({ours[0], other[0]}, _difference(*two)):
                    of = found.setdefault(folder, {}).setdefault(difference, [])
                    of.append((score, latents))
    return found


def _difference(ours, other):
    base = np.mean(other)
    if not base or not np.isfinite([*ours, *other]).all():
        return
    shares = 100 * np.subtract(ours, other) / base
    wide = stats.t.ppf(0.975, len(shares) - 1) * stats.sem(shares)
    low, mean, high = (round(shares.mean() + sign * wide) for sign in (-1, 0, 1))
    yield mean, low, high


def _paragraphs(text):
    """Yields each paragraph or item, and the folders that its section's tables are of, or all."""
    for section in re.split(r"^##+ ", text, flags=re.MULTILINE):
        shown = re.findall(r"<!-- results/(\w+)/", section)
        for one in re.split(r"\n\n|^- ", section, flags=re.MULTILINE):
            yield " ".join(one.split()), shown or [folder.name for folder in _FOLDERS]


def _is_told(score, latents, words, paragraph):
    """Whether a paragraph names the latents, and its words the score."""
    named = {latent for called, latent in _CALLED.items() if called in paragraph}
    named |= set(re.findall(r"`(\w+)`", paragraph)) | {"boson"}
    distance = re.search("closer|further", words)
    return latents <= named and (not distance or score == "integer_distance")


@pytest.mark.parametrize("page", ["README.md", _PAGE])
def test_a_difference_with_an_interval_on_a_page_is_one_of_the_cells(page, differences):
    """Of the section's cells and the latents that are named, with the sign of the word before."""
    number, wrong = 0, []
    for paragraph, folders in _paragraphs((ROOT / page).read_text(encoding="utf-8")):
        for told in re.finditer(r"(-?\d+) %((?:(?! %).)*?) \((-?\d+) to (-?\d+) %", paragraph):
            mean, words, low, high = told.groups()
            mean, low, high = int(mean), int(low), int(high)
            word = re.search("|".join(_LESS + _MORE), words)
            signed = {(mean, low, high), (-mean, -high, -low)}
            if word:
                signed = {(-mean, -high, -low) if word[0] in _LESS else (mean, low, high)}
            found = (
                differences.get(folder, {}).get(one, ()) for folder in folders for one in signed
            )
            if not any(_is_told(*of, words, paragraph) for of in itertools.chain(*found)):
                wrong.append(told[0])
            number += 1
    assert number >= 4 and wrong == []


def test_the_pairs_that_a_page_asks_for_are_those_of_the_summary():
    summary = (ROOT / "docs" / "results" / "summary.md").read_text(encoding="utf-8")
    needed = re.findall(r"\| (\d+) \|$", summary, re.MULTILINE)
    said = re.findall(r"(\d+) pairs", (ROOT / _PAGE).read_text(encoding="utf-8"))
    assert len(said) >= 4 and set(said) <= set(needed)


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
    row = r"5,000 steps \| `boson` against `{}` .*?\| -([\d.]+) ±"
    found = [re.search(row.format(other), summary)[1] for other in ("gaussian", "photonic")]
    assert list(said) == [f"{float(difference):.0f}" for difference in found]
