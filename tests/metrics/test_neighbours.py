"""Precision, recall, density and coverage: by their definitions, and what they see."""

import types

import numpy as np
import pytest
from harness import scored
from rdkit import Chem

from qlatent_tf import load_dataset
from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics import neighbours
from qlatent_tf.metrics.molecules import chemnet
from qlatent_tf.metrics.neighbours import precision_and_recall
from qlatent_tf.seeds import some_rows


def _points(count, seed, spread=1.0):
    return np.random.default_rng(seed).normal(size=(count, 4)) * spread


def _by_definition(real, generated, k):
    def balls(points):
        distances = np.linalg.norm(points[:, None] - points, axis=2)
        return np.sort(distances, axis=1)[:, k]  # The first is the point itself.

    apart = np.linalg.norm(real[:, None] - generated, axis=2)
    in_real = apart <= balls(real)[:, None]
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": (apart <= balls(generated)).any(axis=1).mean(),
        "density": in_real.sum() / (k * len(generated)),
        "coverage": in_real.any(axis=1).mean(),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_they_are_what_they_are_defined_as(k, monkeypatch):
    real, generated = _points(60, 0), _points(40, 1, 0.7)
    expected = _by_definition(real, generated, k)
    assert precision_and_recall(real, generated, k) == pytest.approx(expected)
    # In parts of a few rows.
    monkeypatch.setattr(neighbours, "_MEGABYTES", 0.001)
    assert precision_and_recall(real, generated, k) == pytest.approx(expected)


def test_samples_of_one_distribution_score_high():
    found = precision_and_recall(_points(2000, 0), _points(2000, 1))
    # For identical distributions coverage is 1 - 2^-k at k = 5 (Naeem et al., section 3.2).
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)
    assert found["density"] == pytest.approx(1, abs=0.1)
    assert min(found["precision"], found["recall"]) > 0.85


def test_a_collapsed_generator_loses_recall_and_a_noisy_one_precision():
    real = _points(1000, 0)
    collapsed = real[:10].repeat(100, axis=0) + _points(1000, 2, 1e-3)
    found = precision_and_recall(real, collapsed)
    assert found["precision"] > 0.95 and found["recall"] < 0.05 and found["coverage"] < 0.1
    found = precision_and_recall(real, _points(1000, 3, 3.0))
    assert found["precision"] < 0.5 < 0.85 < found["recall"] and found["density"] < 0.5


def test_points_that_have_no_neighbours_are_refused():
    with pytest.raises(ValueError, match="received 5 for 5 and 9"):
        precision_and_recall(_points(5, 0), _points(9, 1))
    with pytest.raises(ValueError, match="neighbours is an integer; received 2.0"):
        precision_and_recall(_points(9, 0), _points(9, 1), neighbours=2.0)
    with pytest.raises(ValueError, match="shape"):
        precision_and_recall(_points(9, 0), np.zeros((9, 3)))


def test_vectors_are_compared_as_they_are(monkeypatch):
    monkeypatch.setattr(neighbours, "MOST", 300)
    real = types.SimpleNamespace(name="normal", source=_points(300, 0))
    found = scored("vector_neighbours", real, _points(200, 1))
    # As many of each: the smaller sample would be covered more, and would cover less.
    expected = precision_and_recall(some_rows(_points(300, 0), 200), _points(200, 1))
    assert found == {f"{name}_normal_200@200": value for name, value in expected.items()}
    drawn = types.SimpleNamespace(name="normal", source=types.SimpleNamespace(sample=_drawn))
    assert list(scored("vector_neighbours", drawn, _points(200, 1))) == list(found)
    assert all(np.isnan(list(scored("vector_neighbours", real, _points(4, 1)).values())))


def _drawn(count, seed):
    return _points(count, 5)


def test_molecules_are_compared_by_chemnet(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(chemnet, "WIDTH", 2)
    monkeypatch.setattr(chemnet, "activations", lambda smiles, **_: _numbers(smiles))
    known = [f"{'C' * n}{end}" for n in range(1, 8) for end in ("", "O", "N")]
    dataset = types.SimpleNamespace(name="some", smiles=frozenset(known))
    lengths = [*range(1, 10), 1, 1]
    found = scored("molecule_neighbours", dataset, _chains(lengths))
    rows = _numbers(["C" * n for n in lengths])
    expected = precision_and_recall(some_rows(_numbers(sorted(known)), 11), rows)
    assert found == {
        f"{name}_chemnet_2_some_11@11": pytest.approx(value) for name, value in expected.items()
    }


def test_a_generator_of_few_molecules_loses_recall(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(chemnet, "WIDTH", 1)
    monkeypatch.setattr(chemnet, "activations", lambda smiles, **_: _numbers(smiles)[:, :1])
    dataset = types.SimpleNamespace(name="some", smiles=frozenset("C" * n for n in range(1, 41)))
    # Six molecules in all lengths: counted once, their balls would hold all data.
    lengths = [1, 8, 15, 22, 29, 36]
    distinct = _numbers(["C" * n for n in lengths])[:, :1]
    assert precision_and_recall(_numbers(sorted(dataset.smiles))[:, :1], distinct)["recall"] == 1
    found = scored("molecule_neighbours", dataset, _chains(lengths * 7))
    found = {name.partition("_")[0]: value for name, value in found.items()}
    assert found["recall"] == pytest.approx(6 / 40) and found["precision"] == 1


def _chains(lengths):
    graphs = [molecule_to_graph(Chem.MolFromSmiles("C" * n), max_atoms=40) for n in lengths]
    atoms, bonds = map(np.stack, zip(*graphs, strict=True))
    return {"atoms": atoms, "bonds": bonds}


def _numbers(smiles):
    return np.array([[len(text), text.count("O")] for text in smiles], dtype=float)


def test_ties_do_not_depend_on_where_the_origin_is():
    # Of whole numbers many lie at the edge of a ball.
    real, generated = (np.random.default_rng(seed).poisson(0.5, (400, 6)) for seed in (0, 1))
    expected = precision_and_recall(real, generated)
    for shift, scale, dtype in ((0.5, 1, float), (0, 3, float), (1 / 3, 1, np.float32)):
        moved = [((points - shift) / scale).astype(dtype) for points in (real, generated)]
        assert precision_and_recall(*moved) == pytest.approx(expected, abs=1e-12)


def test_one_stray_sample_makes_no_other_good():
    real, generated = _points(400, 0), _points(400, 1) + 8
    generated[0] = 1e8, 0, 0, 0
    found = precision_and_recall(real, generated)
    # The ball of the stray one holds all data, by definition.
    assert found == pytest.approx({"precision": 0, "recall": 1, "density": 0, "coverage": 0})


def test_stray_data_and_far_clusters_make_no_other_ball_larger():
    real, generated = _points(400, 0), _points(400, 1) + 3
    far = np.where(np.arange(400) < 200, -1e6, 1e6)[:, np.newaxis]
    for ours, theirs in (
        (np.concatenate([real[1:], np.full((1, 4), 1e9)]), generated),
        (0.05 * real + far, 0.05 * _points(400, 2) + far + 1),
    ):
        assert precision_and_recall(ours, theirs) == pytest.approx(_by_definition(ours, theirs, 5))


def test_what_has_no_finite_distances_is_refused_and_scored_as_undefined():
    real = _points(40, 0)
    with pytest.raises(ValueError, match="generated points are not all finite and below 1e"):
        precision_and_recall(real, real * 1e200)
    assert not neighbours._is_measurable(real * 1e200) and neighbours._is_measurable(real)
    # In single precision, the limit is beyond all numbers.
    single = real.astype(np.float32)
    assert neighbours._is_measurable(single) and not neighbours._is_measurable(single * np.inf)


def test_data_far_from_the_origin_are_compared_as_if_they_were_near():
    real, generated = _points(300, 0), _points(300, 1) + 1
    expected = precision_and_recall(real, generated)
    assert 0.2 < expected["precision"] < 0.9
    far = [1000 + 1e-4 * points for points in (real, generated)]
    assert precision_and_recall(*far) == pytest.approx(expected, abs=0.01)


def test_a_generator_that_diverges_is_scored():
    real = types.SimpleNamespace(name="normal", source=_points(300, 0))
    diverged = _points(200, 1)
    diverged[3, 1] = np.nan
    assert all(np.isnan(list(scored("vector_neighbours", real, diverged).values())))


def test_counts_of_few_modes_have_no_balls(caplog):
    data = load_dataset("quantum", modes=6, photons=3)
    found = scored("vector_neighbours", data, np.asarray(data.source.sample(500, seed=(1, 0))))
    assert len(found) == 4 and all(np.isnan(value) for value in found.values())
    assert "89 % of the data equal 5 others or more" in caplog.text
    # Of more modes few are equal.
    data = load_dataset("quantum", modes=12, photons=6)
    found = scored("vector_neighbours", data, np.asarray(data.source.sample(500, seed=(1, 0))))
    assert not any(np.isnan(value) for value in found.values())
