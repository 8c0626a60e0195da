"""Scores of a user's own SMILES: closed forms, the reference implementation, invalid ones."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from qlatent_tf.metrics import (
    frechet_chemnet_distance,
    internal_diversity,
    molecule_counts,
    molecule_property_table,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "chemnet.json").read_text())


@pytest.mark.slow
def test_distance_is_that_of_the_reference_implementation(weights, caplog):
    with caplog.at_level("WARNING", logger="absl"):
        distance = frechet_chemnet_distance(GOLDEN["first"], GOLDEN["second"])
    assert distance == pytest.approx(GOLDEN["distance"], abs=1e-3)
    assert "in smiles says little" in caplog.text and "in reference says little" in caplog.text


def test_distance_is_of_molecules_not_of_their_spelling_and_repetitions_count(weights):
    reference = ["CCN", "CC=O", "C1CC1"]
    once = frechet_chemnet_distance(["CCO", "CCC"], reference)
    assert frechet_chemnet_distance(["OCC", "C(C)C"], reference) == pytest.approx(once)
    assert frechet_chemnet_distance(["CCO", "CCC", "CCO"], reference) != pytest.approx(once)


def test_what_does_not_parse_is_refused_with_its_number(weights):
    bad = ["CCO", "C(", "", "CCC"]
    with pytest.raises(ValueError, match=r"2 of the 4 SMILES in smiles do not parse, 'C\(' first"):
        frechet_chemnet_distance(bad, ["C", "CC"])
    with pytest.raises(ValueError, match="1 of the 2 SMILES in reference do not parse, 'X' first"):
        frechet_chemnet_distance(["C", "CC"], ["X", "CC"])
    for function in (internal_diversity, molecule_property_table):
        with pytest.raises(ValueError, match="2 of the 4 SMILES"):
            function(bad)
    with pytest.raises(ValueError, match="1 of the 1 SMILES in known do not parse"):
        molecule_counts(["C"], known=["C("])
    with pytest.raises(ValueError, match="smiles are SMILES in a list; received the string 'CCO'"):
        molecule_counts("CCO")


def test_what_does_not_parse_is_left_out_on_demand_and_counted(weights, caplog):
    good, reference = ["CCO", "CCC"], ["CCN", "CC=O", "C1CC1"]
    with caplog.at_level("WARNING", logger="absl"):
        distance = frechet_chemnet_distance([*good, "C("], reference, drop_invalid=True)
    assert "1 of the 3 SMILES in smiles do not parse" in caplog.text
    assert distance == pytest.approx(frechet_chemnet_distance(good, reference))
    assert internal_diversity([*good, "C("], drop_invalid=True) == internal_diversity(good)


def test_two_molecules_have_a_covariance(weights):
    with pytest.raises(ValueError, match="two molecules; received 1 in smiles"):
        frechet_chemnet_distance(["C", "C("], ["C", "CC"], drop_invalid=True)


def test_one_string_is_no_list():
    with pytest.raises(ValueError, match="SMILES in a list; received the string 'CCO'"):
        internal_diversity("CCO")


def test_counts_by_hand():
    smiles = ["CCO", "OCC", "C(", None, "CN", "C.C", "*C"]
    expected = {"valid_count": 3, "valid_share": 3 / 7, "unique_count": 2, "unique_share": 2 / 3}
    assert molecule_counts(smiles) == expected
    assert molecule_counts(smiles, ["NC"]) == {**expected, "novel_count": 1, "novel_share": 1 / 2}
    parsed = molecule_counts(smiles, ["NC"], strict=False)
    assert parsed["valid_count"] == 5 and parsed["novel_count"] == 3
    # RDKit alone would read the carbons before the damage.
    assert molecule_counts(["CC\u00e9", "CCO"])["valid_count"] == 1
    nothing = molecule_counts(["C("], ["C"])
    assert nothing["valid_count"] == 0 and math.isnan(nothing["unique_share"])
    with pytest.raises(ValueError, match="nothing to count"):
        molecule_counts([])


def test_novelty_may_leave_out_what_graphs_do_not_have(caplog):
    known = ["C[C@H](N)C(=O)O", "[13CH4]", "F/C=C/F", "[CH3:1][CH2:2]C#N", "[2H]OC"]
    made = ["CC(N)C(=O)O", "C", "FC=CF", "CCC#N", "CO"]
    assert molecule_counts(made, known, stereo=False)["novel_count"] == 0
    assert not caplog.text
    assert molecule_counts(made, known)["novel_count"] == 4
    assert "stereo=False compares them without" in caplog.text
    caplog.clear()
    molecule_counts([None, "C("], known)
    assert not caplog.text


def test_numbers_of_atom_maps_make_no_stereocentres():
    mapped = ["[CH3:1][C@H:2]([CH3:3])[OH:4]", "[CH3:1]/[C:2]([CH3:3])=[CH:4]/[F:5]"]
    assert molecule_counts([*mapped, "CC(C)O", "CC(C)=CF"])["unique_count"] == 2
    assert molecule_counts(["C[C@H:2](N)O", "C[C@H](N)O"])["unique_count"] == 1


def test_a_table_is_no_list_of_smiles():
    for table in (pd.DataFrame({"smiles": ["CCO"]}), {"smiles": ["CCO"]}):
        with pytest.raises(ValueError, match="received a table: pass a column of it"):
            molecule_property_table(table)
    for other in (b"CCO", None, 3):
        with pytest.raises(ValueError, match="SMILES in a list; received"):
            molecule_counts(other)
    with pytest.raises(ValueError, match=r"do not parse, 'C\(' first\.$"):
        molecule_property_table(["CCO", "C("])


def test_diversity_is_of_distinct_molecules():
    assert internal_diversity(["CCO", "OCC", "c1ccccc1"]) == internal_diversity(["CCO", "c1ccccc1"])
    assert math.isnan(internal_diversity(["CCO", "OCC"]))


def test_properties_have_the_rows_of_the_smiles():
    table = molecule_property_table(["CCO", "c1ccccc1", "OCC"])
    assert table.shape == (3, 3)
    assert table[0].tolist() == table[2].tolist()
    # Crippen's logP of ethanol and benzene.
    assert table[:2, 1] == pytest.approx([-0.0014, 1.6866], abs=1e-4)
