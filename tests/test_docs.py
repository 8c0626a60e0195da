"""README and docs: commands are understood, links lead somewhere, every name has its row."""

import contextlib
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from harness import ROOT
from PIL import Image

from qlatent_tf import zoo
from qlatent_tf.__main__ import TOOLS
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.registry import datasets, latents, metrics, models

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "models/README.md",
    *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")),
]
TEXT = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
NOTEBOOKS = [
    "\n".join(
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
    )
    for path in sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
]


def commands():
    """Returns the distinct ``qlatent-tf`` commands of indented blocks, as lists of arguments."""
    found = {}
    for text in [*TEXT.values(), *NOTEBOOKS]:
        joined = text.replace("\\\n", " ")
        for line in re.findall(r"^    qlatent-tf (.*)$", joined, flags=re.MULTILINE):
            words = shlex.split(line, comments=True)
            found[" ".join(words)] = words
    return found


@pytest.fixture
def files(empty_folder):
    """The working directory, holding the files of a third party that the pages show."""
    for text in [*TEXT.values(), *NOTEBOOKS]:
        for block in re.findall(r"```python\n(# my_.*?)```", text, flags=re.DOTALL):
            name = block.partition("\n")[0].removeprefix("# ")
            (empty_folder / name).write_text(block)
    np.save(empty_folder / "circuit.npy", np.eye(4))
    return empty_folder


@pytest.mark.parametrize("words", commands().values(), ids=commands())
def test_a_command_is_understood(files, words):
    tool = importlib.import_module(f"qlatent_tf.tools.{TOOLS[words[0]][0]}")
    arguments = tool.parser().parse_args(words[1:])
    own = {"--config", "--continue-from", "--data-dir", "--latent-file"}
    if words[0] == "train" and not own & set(words) and "my_autoencoder" not in " ".join(words):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert tool.main([*words[1:], "--dry-run"]) == 0
        assert f'"model": "{arguments.model}"' in printed.getvalue()


def programs():
    """Returns each page's Python, but for the files of a user's own."""
    found = {
        page: [
            block
            for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
            if not block.startswith("# my_")
        ]
        for page, text in TEXT.items()
    }
    return {page: "\n".join(blocks) for page, blocks in found.items() if blocks}


@pytest.fixture
def data_of_a_user(files):
    """The same, holding what the pages read: vectors, a measured circuit, and photographs."""
    random = np.random.default_rng(0)
    noise = random.normal(scale=0.01, size=(6, 6))
    np.save(files / "measured.npy", 0.9 * (haar_unitary(6, seed=0) + noise))
    np.save(files / "spectra.npy", random.normal(size=(640, 16)).astype("float32"))
    (files / "photographs").mkdir()
    for i in range(20):
        pixels = random.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(files / "photographs" / f"{i}.png")
    return files


@pytest.mark.slow
@pytest.mark.parametrize("page, program", programs().items(), ids=programs())
def test_python_runs(data_of_a_user, page, program):
    """In a process of its own, as a reader would run it: one page sets TensorFlow's devices."""
    files = data_of_a_user
    (files / "program.py").write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(files)}
    subprocess.run([sys.executable, "program.py"], cwd=files, check=True, env=environment)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, _, anchor in re.findall(r"\]\(([^)#:]*)(#([^)]*))?\)", TEXT[page]):
        linked = (ROOT / page).parent / target if target else ROOT / page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings
            }
            assert anchor in slugs, f"{target}#{anchor}"


@pytest.mark.parametrize(
    "page, names",
    [
        ("docs/latents.md", latents.names),
        ("docs/models.md", models.names),
        ("docs/data.md", datasets.names),
        ("docs/command_line.md", lambda: TOOLS),
        ("README.md", models.names),
    ],
)
def test_every_name_is_on_its_page(page, names):
    for name in names():
        assert f"`{name}`" in TEXT[page]


def test_every_metric_is_explained():
    for name in set(metrics.names()) - {"local_inception_scores"}:
        assert f"`{name}`" in TEXT["docs/metrics.md"]


def test_presets_exist():
    named = {name for text in TEXT.values() for name in re.findall(r'from_preset\("(\w+)"\)', text)}
    assert named and named <= set(zoo.list_presets())


def test_the_readme_is_short():
    assert TEXT["README.md"].count("\n") <= 132
