"""ChemNet and its Frechet distance, beside the reference implementation's numbers.

golden/chemnet.json says which version of the package `fcd` made them, and how.
"""

import importlib
import itertools
import json
import math
import types
from pathlib import Path

import numpy as np
import pytest
from harness import scored
from rdkit import Chem

from qlatent_tf.datasets.molecules.files import read_molecules
from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics.frechet import Moments, frechet_distance
from qlatent_tf.metrics.molecules import chemnet
from qlatent_tf.metrics.molecules.fcd import reference_moments

FILE = importlib.import_module("qlatent_tf.datasets.molecules.small_molecules").FILE
GOLDEN = json.loads((Path(__file__).parent / "golden" / "chemnet.json").read_text())


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    return tmp_path / "metrics"


def _known(*smiles):
    return types.SimpleNamespace(name="some", smiles=frozenset(smiles))


def test_parameters():
    assert chemnet.chemnet().count_params() == 1_403_776


@pytest.mark.parametrize(
    "smiles, tokens",
    [
        ("CCl", "C Cl ."),
        ("[NH4+].[Cl-]", "[ N H 4 + ] . [ Cl - ] ."),
        ("[Si]Br", "[ Si ] Br ."),
        ("*C", "X C ."),
        ("C[Se]%10", "C [ S X ] X 1 X ."),
        ("c1cc[nH]c1", "c 1 c c [ n H ] c 1 ."),
    ],
)
def test_tokens(smiles, tokens):
    (codes,) = chemnet.encode([smiles])
    assert [chemnet.TOKENS[code] for code in codes if code >= 0] == tokens.split()
    assert codes.shape == (350,) and codes.dtype == np.int8


def test_a_smiles_that_is_too_long_is_refused():
    assert (chemnet.encode(["C" * 349]) >= 0).all()
    with pytest.raises(ValueError, match="at most 349 tokens; received 350"):
        chemnet.encode(["C" * 350])


def test_activations_are_those_of_the_reference_implementation(weights):
    expected = GOLDEN["activations"]
    rows = chemnet.activations(list(expected))
    assert rows.shape == (20, 512)
    for row, golden in zip(rows, expected.values(), strict=True):
        assert np.linalg.norm(row) == pytest.approx(golden["norm"], abs=1e-4)
        np.testing.assert_allclose(
            row[[0, 1, 2, 3, -2, -1]], golden["first"] + golden["last"], atol=5e-5
        )


def test_distance_is_that_of_the_reference_implementation(weights):
    # Fewer molecules than activations: both covariances are singular.
    first, second = (Moments.of(chemnet.activations(GOLDEN[name])) for name in ("first", "second"))
    assert frechet_distance(first, second) == pytest.approx(GOLDEN["distance"], abs=1e-3)


def test_distance_of_gaussians_with_commuting_covariances():
    first = Moments(np.array([1.0, 0, 2]), np.diag([4.0, 9, 0]), 10)
    second = Moments(np.array([0.0, 0, 0]), np.diag([1.0, 16, 25]), 10)
    # |m|^2 + sum_i (sigma_i - tau_i)^2
    assert frechet_distance(first, second) == pytest.approx(5 + 1 + 1 + 25)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-12)


def test_distance_is_symmetric_and_knows_no_axes():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)), rng.normal(size=(5, 6)) + 1
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    distance = frechet_distance(Moments.of(a), Moments.of(b))
    assert frechet_distance(Moments.of(b), Moments.of(a)) == pytest.approx(distance)
    assert frechet_distance(Moments.of(a @ turn), Moments.of(b @ turn)) == pytest.approx(distance)


@pytest.mark.parametrize("rows", [np.zeros((1, 3)), np.zeros(3)])
def test_moments_need_two_rows(rows):
    with pytest.raises(ValueError, match="2 rows at least; received an array of shape"):
        Moments.of(rows)


def test_metric_is_of_the_distinct_molecules_that_parse(weights, cache, caplog):
    molecules = list(itertools.islice(read_molecules(FILE), 80))
    graphs = [molecule_to_graph(molecule) for molecule in molecules[:40]]
    some = dict(zip(("atoms", "bonds"), map(np.stack, zip(*graphs, strict=True)), strict=True))
    twice = {part: np.concatenate([array, array]) for part, array in some.items()}
    twice["bonds"][-1] = 1  # no molecule
    known = _known(*map(Chem.MolToSmiles, molecules))
    with caplog.at_level("WARNING", logger="absl"):
        figures = scored("fcd", known, some)
    assert list(figures) == ["fcd_some_80@40"]
    assert "40 distinct molecules says little" in caplog.text
    (value,) = figures.values()
    assert scored("fcd", known, twice) == {"fcd_some_80@80": pytest.approx(value)}
    assert len(list(cache.iterdir())) == 1


def test_moments_of_the_data_set_are_computed_once(weights, cache, monkeypatch, caplog):
    dataset = _known("CC", "CCO", "CCN")
    first = reference_moments(dataset)
    with monkeypatch.context() as patch:
        patch.setattr(chemnet, "activations", None)
        second = reference_moments(dataset)
    np.testing.assert_array_equal(first.covariance, second.covariance)
    np.testing.assert_array_equal(first.mean, second.mean)
    assert first.count == second.count == 3
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-300])
    with caplog.at_level("WARNING", logger="absl"):
        np.testing.assert_allclose(reference_moments(dataset).mean, first.mean)
    assert "is damaged" in caplog.text
    reference_moments(_known("CC", "CCO", "CCF"))
    assert len(list(cache.iterdir())) == 2


def test_too_few_molecules_have_no_distance(weights, caplog):
    nothing = {"atoms": np.zeros((3, 9), int), "bonds": np.zeros((3, 9, 9), int)}
    with caplog.at_level("WARNING", logger="absl"):
        figures = scored("fcd", _known("C", "CC"), nothing)
    assert math.isnan(figures["fcd_some_2@3"])
    assert "of 3 samples, 0 are distinct molecules; 2 are needed" in caplog.text


@pytest.mark.parametrize("version", [None, "1.2.2"])
def test_a_missing_package_is_named(version, monkeypatch, tmp_path):
    def distribution(name):
        if version is None:
            raise chemnet.importlib.metadata.PackageNotFoundError(name)
        return types.SimpleNamespace(version=version, locate_file=lambda path: tmp_path / path)

    monkeypatch.setattr(chemnet.importlib.metadata, "distribution", distribution)
    found = "not installed" if version is None else "version 1.2.2 is installed"
    with pytest.raises(FileNotFoundError, match=f"{found}.*pip install --no-deps fcd==1.1"):
        chemnet.weights_file()


def test_other_weights_are_refused(monkeypatch, tmp_path):
    (tmp_path / "weights.h5").write_bytes(b"other")
    monkeypatch.setattr(chemnet, "weights_file", lambda: tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="that of ChemNet's weights is"):
        chemnet.pretrained_chemnet()
