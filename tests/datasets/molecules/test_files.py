import errno
import gzip
import io
import tarfile

import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from qlatent_tf.datasets.molecules.files import read_molecules, write_structures

SMILES = ["C", "CCO", "c1ccccc1", "N#CC=O"]


def _sdf():
    parts = []
    for smiles in SMILES:
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        parts.append(Chem.MolToMolBlock(molecule) + "$$$$\n")
    return "".join(parts)


def _xyz(smiles):
    """A file of the published archive: atoms, frequencies, SMILES (as given, relaxed), InChI."""
    rows = "\n".join(f"{symbol}\t0.0\t0.0\t0.0\t0.1" for symbol in "CH")
    return f"2\ngdb 1\t1.0\n{rows}\n1.0\t2.0\n{smiles}\tS\t\nInChI=1S/x\tInChI=1S/x\n"


def _archive(mode, members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


CONTENTS = {
    "a.smi": "\n".join(f"{smiles} name{i}" for i, smiles in enumerate(SMILES)).encode(),
    "a.smi.gz": gzip.compress("\n\n".join(SMILES).encode()),
    "plain.csv": "\n".join(SMILES).encode(),
    "headed.csv": "\n".join(
        ["mol_id,SMILES,mu", *(f"gdb_{i},{smiles},0.1" for i, smiles in enumerate(SMILES))]
    ).encode(),
    "a.csv.gz": gzip.compress("\n".join(["smiles", *SMILES]).encode()),
    "a.sdf": _sdf().encode(),
    "a.sdf.gz": gzip.compress(_sdf().encode()),
    "gdb9.tar.gz": _archive("w:gz", {"gdb9.sdf.csv": "x,y", "gdb9.sdf": _sdf()}),
    "d.xyz.tar.bz2": _archive(
        "w:bz2", {f"dsgdb9nsd_{i}.xyz": _xyz(smiles) for i, smiles in enumerate(SMILES)}
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_gives_the_molecules_in_order(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])
    assert [Chem.MolToSmiles(molecule) for molecule in read_molecules(path)] == [
        Chem.CanonSmiles(smiles) for smiles in SMILES
    ]


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.smi", b"C\nnonsense\nCC"),
        ("a.csv", b"id,smiles\n1,C\n2\n3,C1CC"),
        ("b.csv", b"id,smiles\n1,C\n2,\n3,F(C)C"),
    ],
)
def test_what_rdkit_refuses_is_none(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    molecules = list(read_molecules(path))
    # RDKit reads the empty SMILES as a molecule without atoms.
    assert len(molecules) == 3 and molecules[0] is not None
    assert any(molecule is None for molecule in molecules)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.txt", b"C", "tells no format. Legal endings: .smi"),
        ("a.csv", b"name,value\nx,1", "neither a column headed 'smiles'"),
        ("a.tar.gz", _archive("w:gz", {"a.txt": "x"}), "a.tar.gz holds no .sdf"),
        ("a.smi", b"", "a.smi holds no molecules"),
        ("a.sdf.gz", gzip.compress(b""), "a.sdf.gz holds no molecules"),
        ("a.smi", b"C\nC\0C", "a.smi is damaged: line 2 has a NUL"),
        ("a.smi", b"C\rCC\rCCC\r", "a.smi is damaged: line 1 has line ends of old Macintoshes"),
        ("a.smi", b"C\r" * 40_000, "a.smi is damaged: line 1 has line ends of old Macintoshes"),
        ("a.smi", b"C\nC\rCC\n", "a.smi is damaged: line 2 has line ends of old Macintoshes"),
        ("a.csv", b"smiles\rC\rCC", "a.csv is damaged: line 1 has line ends of old Macintoshes"),
        ("a.smi.gz", gzip.compress(b"C" * 4_000_000), "line 1 has 65,536 bytes or more"),
        ("a.csv", b"smiles,smiles\nC,O", "a.csv has several columns headed 'smiles'; its first"),
        ("a.csv", b"SMILES;x;smiles\nC;1;O", "a.csv has several columns headed 'smiles'"),
        ("a.csv", b'\n \nsmiles\n"CCO\nCC\nC\n', "a quote before the end of line 6 is not closed"),
        ("a.csv", b"smiles\nC,\0", "a.csv is damaged: line 2 has a NUL"),
        ("a.csv", b'smiles\n"CCO\nCC\nC\n', "a.csv is damaged: a quote before the end of line 4"),
        ("a.sdf.gz", gzip.compress((b"C" * 999 + b"\n") * 17_000), "more than 16,777,216 bytes"),
        ("a.xyz.tar.bz2", _archive("w:bz2", {"a.xyz": "-2\nC\n"}), "it has -2 atoms"),
        ("a.xyz.tar.bz2", _archive("w:bz2", {"a.xyz": "9" * 10**7}), "has 65536 digits"),
        ("a.xyz.tar.bz2", _archive("w:bz2", {"a.xyz": "hello"}), "a.xyz is no file of QM9"),
        ("b.xyz.tar.bz2", _archive("w:bz2", {"b.xyz": "9\n"}), "b.xyz is no file of QM9"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_molecules(path))


def test_a_field_of_a_table_may_hold_a_line_end(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'smiles,note\nC,"a\rb"\nCC,c\n')
    assert len(list(read_molecules(tmp_path / "a.csv"))) == 2


@pytest.mark.parametrize(
    "text, column",
    [
        ("id;SMILES;note\n1;C;a,b\n2;CC;", None),
        ("id\tcanonical_smiles\n1\tC\n2\tCC", None),
        ("smiles,isomeric_smiles\nC,O\nCC,O", None),
        ("given smiles,made smiles\nO,C\nO,CC", "Made SMILES"),
        ("C;first\nCC;second", None),
        ('C,"a;b;c"\nCC,', None),
        ('"a;b;c",smiles\nx,C\ny,CC', None),
        ("id;name (a, b, c);smiles\n1;x;C\n2;y;CC", None),
        ('"mol, wt, smiles note";smiles\n1;C\n2;CC', None),
        ("2,3\nO,C\nO,CC", 3),
        ("\n  \r\n\nid;smiles\n1;C\n2;CC", None),
        ("\nC\n\nCC", None),
    ],
)
def test_tables_have_separators_and_headings_of_several_kinds(tmp_path, text, column):
    (tmp_path / "a.csv").write_text(text)
    found = read_molecules(tmp_path / "a.csv", column)
    assert [Chem.MolToSmiles(molecule) for molecule in found] == ["C", "CC"]


def test_a_column_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("given smiles,made smiles\nO,C")
    for column, message in (
        ("product", "has no column headed 'product'"),
        (None, r"option column \(dataset_options.column\): given smiles, made smiles\."),
        (["made smiles"], r"heading of a table; received \['made smiles'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            list(read_molecules(tmp_path / "a.csv", column))
    (tmp_path / "a.smi").write_text("C")
    with pytest.raises(ValueError, match="column='x' is of a .csv file; received a.smi"):
        read_molecules(tmp_path / "a.smi", "x")


def test_a_table_that_is_called_smi_is_told(tmp_path):
    (tmp_path / "a.smi").write_text("\nCCO,first\nC,second\n")
    with pytest.raises(ValueError, match="line 2 reads 'CCO,first'.*ends in .csv"):
        list(read_molecules(tmp_path / "a.smi"))
    (tmp_path / "a.smi").write_text("CCO\nC,\n")  # An entry that is left out, as others are.
    assert [one is None for one in read_molecules(tmp_path / "a.smi")] == [False, True]


@pytest.mark.parametrize("name", ["a.smi", "headed.csv", "a.sdf"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
def test_names_in_any_encoding_harm_nothing(tmp_path, name, encoding):
    text = CONTENTS[name].decode().replace("gdb_1", "gdb_é").replace("name1", "nämé")
    text = text.replace("     RDKit ", "é    RDKit ", 1)
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert [Chem.MolToSmiles(molecule) for molecule in read_molecules(tmp_path / name)] == [
        Chem.CanonSmiles(smiles) for smiles in SMILES
    ]


def test_a_smiles_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.smi").write_bytes(b"C\nC\xe9\nCC")
    assert [molecule is None for molecule in read_molecules(tmp_path / "a.smi")] == [0, 1, 0]


def _block(smiles, bond=None, charge=None):
    """A structure with its hydrogens, changed so that its valences no longer hold."""
    molecule = Chem.RWMol(Chem.AddHs(Chem.MolFromSmiles(smiles)))
    if bond:
        molecule.AddBond(*bond, Chem.BondType.SINGLE)
    if charge is not None:
        molecule.GetAtomWithIdx(charge).SetFormalCharge(0)
    molecule.UpdatePropertyCache(strict=False)
    return Chem.MolToMolBlock(molecule, kekulize=False)


@pytest.mark.parametrize(
    "block",
    [
        _block("C1C2CC1C2", bond=(1, 3)),  # Not propellane: its bridgeheads have hydrogens.
        _block("C[NH3+]", charge=1),  # Not methylamine.
    ],
)
def test_a_structure_over_its_valences_is_refused(tmp_path, block):
    with rdBase.BlockLogs():
        (tmp_path / "a.sdf").write_text(f"{block}$$$$\n{_block('CCO')}$$$$\n")
        refused, ethanol = read_molecules(tmp_path / "a.sdf")
        assert refused is None and Chem.MolToSmiles(ethanol) == "CCO"


def test_a_missing_end_of_a_structure_swallows_none_uncounted(tmp_path):
    blocks = [_block(smiles) for smiles in ("C", "CC", "CCC")]
    (tmp_path / "a.sdf").write_text(f"{blocks[0]}{blocks[1]}$$$$\n{blocks[2]}$$$$\n")
    found = [
        molecule and Chem.MolToSmiles(molecule) for molecule in read_molecules(tmp_path / "a.sdf")
    ]
    assert found == ["C", None, "CCC"]


@pytest.mark.parametrize("name", [name for name in CONTENTS if name.endswith(("gz", "bz2"))])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.9])
def test_damaged_files_are_named(tmp_path, name, harm, place):
    content, path = bytearray(CONTENTS[name]), tmp_path / name
    place = int(place * len(content))
    if harm == "cut":
        content = content[: max(place, 5)]
    else:
        content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} (is damaged|holds no|has neither)"):
        list(read_molecules(path))


@FUZZ
@given(
    st.one_of(
        *(st.tuples(st.just(name), damaged(content)) for name, content in CONTENTS.items()),
        st.tuples(st.just("a.csv"), st.text('Csmiles,"\n\r()=#1\0').map(str.encode)),
    )
)
def test_any_file_is_read_or_refused_by_its_name(tmp_path, drawn):
    name, content = drawn
    with rdBase.BlockLogs():
        assert_read_or_refused(lambda path: list(read_molecules(path)), tmp_path / name, content)


def test_structures_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "a.sdf"
    write_structures(file, ["CCO", "CN"], {"score": [1.5, 2]})
    first, second = read_molecules(file)
    assert (Chem.MolToSmiles(first), Chem.MolToSmiles(second)) == ("CCO", "CN")
    assert "<score>  (2) \n2\n" in file.read_text()

    def fail(path, text, encoding):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(type(file), "write_text", fail)
    with pytest.raises(OSError, match="No space left"):
        write_structures(file, ["C"] * 100, {})
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]
