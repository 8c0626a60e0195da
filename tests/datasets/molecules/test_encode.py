import logging
import shutil

import numpy as np
import pytest
from rdkit import Chem

from qlatent_tf import datasets
from qlatent_tf.datasets.molecules import encode as encoded_molecules
from qlatent_tf.datasets.molecules.encode import encode, load_encoded, load_molecules
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.quantum import memory

LINES = [
    "CCO",
    "OCC",
    "c1cnc[nH]1",
    "Cc1cnc[nH]1",
    "nonsense",
    "CS",
    "[NH3+]CC(=O)[O-]",
    "CCCCCCCCCC",
    "C[CH2]",
    "O.O",
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "molecules"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "some.smi"
    path.write_text("\n".join(LINES))
    return path


def test_what_does_not_fit_is_counted_by_reason():
    graphs, texts, counts = encode(map(Chem.MolFromSmiles, LINES))
    assert counts == {
        "molecules_read": 10,
        "molecules": 4,
        "distinct_molecules": 3,
        "refused": {
            "an entry that RDKit refuses": 1,
            "a formal charge": 1,
            "an element besides C, N, O and F": 1,
            "an unpaired electron": 1,
            "more than 9 heavy atoms": 1,
            "several fragments": 1,
        },
        "other_tautomer_when_decoded": 1,
    }
    smiles = texts["smiles"]
    assert smiles.tolist() == ["CCO", "CCO", "c1c[nH]cn1", "Cc1c[nH]cn1"]
    assert smiles.tolist() == graphs_to_smiles(graphs)
    assert graphs["atoms"].shape == (4, 9) and graphs["bonds"].shape == (4, 9, 9)
    assert graphs["atoms"].dtype == graphs["bonds"].dtype == np.int8


def test_the_first_entry_of_each_reason_is_named(caplog):
    texts = ["C", "C(", "CC[NH3+]", "C[NH3+]", "[Na+].CC(=O)[O-]", "[2H]C"]
    with caplog.at_level(logging.WARNING):
        encode(map(Chem.MolFromSmiles, texts), label="mine.smi")
    for part in (
        "mine.smi: 5 of 6 molecules do not fit",
        "1 with an entry that RDKit refuses (entry 2 first)",
        "2 with a formal charge (entry 3, CC[NH3+], first)",
        "1 with several fragments (entry 5, CC(=O)[O-].[Na+], first)",
        "1 with hydrogens as atoms of their own, such as deuterium",
    ):
        assert part in caplog.text


def test_numbers_of_atom_maps_tell_no_molecules_apart(tmp_path):
    file = tmp_path / "mapped.smi"
    file.write_text("[CH3:1][CH2:2]C#N\nCCC#N\n[CH3:7][OH:2]\n")
    dataset = load_molecules("mapped", file, progress=False)
    assert dataset.smiles == dataset.file_smiles == {"CCC#N", "CO"}
    assert dataset.provenance["other_tautomer_when_decoded"] == 0


def test_the_column_of_a_table_is_a_part_of_what_was_read(tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("reactant,product\nCCO,CC=O\n")
    for column, smiles in (("reactant", {"CCO"}), ("product", {"CC=O"})):
        data = load_molecules("two", file, False, column)
        assert data.smiles == smiles and data.provenance["column"] == column
    assert datasets.from_smiles(file, column="product", progress=False).smiles == {"CC=O"}
    with pytest.raises(ValueError, match="column='a' is of a .csv file; received a list"):
        datasets.from_smiles(["C"], column="a")
    with pytest.raises(ValueError, match=f"entry 1, {'C' * 60}, first"):
        datasets.from_smiles(["C" * 3000], progress=False)


def test_nothing_kept_is_an_error():
    with pytest.raises(ValueError, match="None of the molecules of x has a graph.*formal charge"):
        encode([Chem.MolFromSmiles("[NH4+]")], label="x")


def test_data_set(file):
    dataset = load_molecules("some", file, progress=False)
    assert dataset.name == "some"
    assert dataset.smiles == {"CCO", "c1c[nH]cn1", "Cc1c[nH]cn1"}
    assert dataset.metrics == ("molecules", "molecule_properties")
    assert set(dataset.metrics) < set(dataset.evaluation_metrics) and "fcd" not in dataset.metrics
    assert "fcd" in dataset.evaluation_metrics
    assert dataset.provenance["file"] == "some.smi" and len(dataset.provenance["sha256"]) == 64
    assert dataset.provenance["refused"]["a formal charge"] == 1
    assert dataset.render(dataset.source).dtype == np.uint8


def test_the_second_load_comes_from_the_cache(file, cache, monkeypatch):
    first = load_molecules("some", file, progress=False)
    monkeypatch.setattr(encoded_molecules, "encode", None)
    second = load_molecules("some", file, progress=False)
    for part in ("atoms", "bonds"):
        np.testing.assert_array_equal(first.source[part], second.source[part])
    assert first.smiles == second.smiles and first.provenance == second.provenance
    assert len(list(cache.iterdir())) == 1


def test_formats_and_columns_are_looked_at_before_the_file_is_hashed(file, monkeypatch):
    monkeypatch.setattr(encoded_molecules.files, "sha256_of", None)
    with pytest.raises(ValueError, match="some.txt tells no format. Legal endings"):
        load_molecules("some", file.rename(file.with_name("some.txt")))
    with pytest.raises(ValueError, match="column='x' is of a .csv file"):
        load_molecules("some", file, column="x")


def test_another_file_is_encoded_anew(file):
    load_molecules("some", file, progress=False)
    file.write_text("CCC")
    assert load_molecules("some", file, progress=False).smiles == {"CCC"}


def test_what_is_encoded_needs_no_file(file, cache, monkeypatch):
    assert load_encoded("some") is None
    first = load_molecules("some", file, progress=False)
    file.unlink()
    again = load_encoded("some")
    assert again.provenance == first.provenance and again.smiles == first.smiles
    (path,) = cache.iterdir()
    # Another name that begins alike is another data set.
    assert shutil.copy(path, path.with_name(path.name.replace("some-", "some-more-")))
    assert load_encoded("some") is not None
    path.with_name(path.name.replace("some-", "some-more-")).unlink()
    _truncate(path)
    assert load_encoded("some") is None
    file.write_text("CCC")
    load_molecules("some", file, progress=False)
    file.write_text("CCO")
    load_molecules("some", file, progress=False)
    assert load_encoded("some") is None  # Of which file, nobody said.


def test_smiles_of_the_file_and_of_plain_decoding_are_kept(file):
    dataset = load_molecules("some", file, progress=False)
    # Imidazoles: RDKit alone does not decode their graphs.
    assert dataset.plain_smiles == {"CCO"}
    assert "Cc1cnc[nH]1" in dataset.file_smiles and len(dataset.file_smiles) == 3


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def _flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 130] ^= 1  # after the header
    path.write_bytes(content)


def _change(path, **parts):
    with np.load(path) as arrays:
        parts = {**arrays, **parts}
    np.savez(path, **parts)


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _flip_a_byte,
        lambda path: path.write_bytes(b""),
        lambda path: _change(path, key="another"),
        lambda path: _change(path, atoms=np.full((4, 9), 7, np.int8)),
        lambda path: _change(path, smiles=np.array(["C"])),
    ],
    ids=["cut", "flipped", "empty", "other key", "bad codes", "bad length"],
)
def test_a_damaged_cache_is_made_again_and_said_to_be(file, cache, damage, caplog):
    before = load_molecules("some", file, progress=False)
    (path,) = cache.iterdir()
    damage(path)
    with caplog.at_level("WARNING", logger="absl"):
        after = load_molecules("some", file, progress=False)
    assert "is damaged" in caplog.text
    np.testing.assert_array_equal(before.source["bonds"], after.source["bonds"])
    caplog.clear()
    load_molecules("some", file, progress=False)
    assert "is damaged" not in caplog.text


def test_a_cache_that_cannot_be_written_does_no_harm(file, tmp_path, monkeypatch, caplog):
    (tmp_path / "blocked").write_text("a file where a folder should be")
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "blocked"))
    with caplog.at_level("WARNING", logger="absl"):
        assert len(load_molecules("some", file, progress=False).smiles) == 3
    assert "cannot be written" in caplog.text


def test_graphs_that_do_not_fit_into_memory_are_refused_as_they_become_many(monkeypatch):
    carbon, water = Chem.MolFromSmiles("C"), Chem.MolFromSmiles("O")
    graphs, smiles, counts = encode([water, *[carbon] * 1500, None])
    assert graphs["atoms"].shape == (1501, 9) and graphs["bonds"].shape == (1501, 9, 9)
    assert graphs["atoms"].dtype == graphs["bonds"].dtype == np.int8
    assert graphs["atoms"].sum() == 1503 and not graphs["bonds"].any()
    assert len(smiles["smiles"]) == counts["molecules"] == 1501
    monkeypatch.setattr(memory, "memory_limit", lambda: 1 << 20)
    assert encode([carbon])[2]["molecules"] == 1
    with pytest.raises(ValueError, match=r"graphs of .* molecules of mine take .* MiB of memory"):
        encode([carbon] * 20_000, label="mine", max_atoms=20)
