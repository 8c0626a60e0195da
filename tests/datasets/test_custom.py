import inspect
import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from harness import tiny_config
from PIL import Image
from qlatent_tf.tools.asked_data import data_as_asked

from qlatent_tf import datasets
from qlatent_tf.datasets import Dataset, ImageDataset, MoleculeDataset
from qlatent_tf.registry import datasets as registry
from qlatent_tf.resolve import data_width, image_shape
from qlatent_tf.runs.training import load_dataset
from qlatent_tf.zoo import check_names

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 4, 5, 3), np.uint8)
pytestmark = pytest.mark.usefixtures("folder")


def test_vectors():
    values = RANDOM.normal(size=(7, 3))
    data = datasets.from_arrays(values, name="spectra")
    np.testing.assert_allclose(data.source, values, rtol=1e-6)
    assert data.source.dtype == np.float32 and data.name == "spectra"
    assert data.provenance["samples"] == 7 and data.metrics == ("pair_correlation",)
    assert data.render(data.source).dtype == np.uint8
    again, other = datasets.from_arrays(values), datasets.from_arrays(values + 1)
    assert again.provenance == data.provenance != other.provenance


def test_a_data_frame_is_an_array_and_no_distribution():
    frame = pd.DataFrame(RANDOM.normal(size=(7, 3)))
    data = Dataset(name="mine", source=frame, metrics=(), provenance={}, render=np.asarray)
    np.testing.assert_array_equal(data.source, frame.to_numpy())
    assert not hasattr(data.source, "sample")


def test_images():
    labels = np.arange(6) % 2
    data = datasets.from_arrays(IMAGES, labels, IMAGES[:2], labels[:2], class_names=["cat", "dog"])
    assert isinstance(data, ImageDataset) and data.class_names == ("cat", "dog")
    np.testing.assert_array_equal(data.source, IMAGES)
    np.testing.assert_array_equal(data.test_labels, labels[:2])
    assert datasets.from_arrays(IMAGES, labels).class_names == ("0", "1")
    assert datasets.from_arrays(IMAGES[..., 0]).bands == ("grey",)


def test_one_image_is_no_set_of_grey_ones():
    with pytest.raises(ValueError, match=r"shape \(8, 9, 3\), which is that of one image"):
        datasets.from_arrays(np.zeros((8, 9, 3), np.uint8))
    assert datasets.from_arrays(np.full((8, 9, 9), 2, np.uint8)).source.shape == (8, 9, 9, 1)


def test_molecules():
    data = datasets.from_smiles(["CCO", "c1cc[nH]c1", "CC[NH3+]", "no molecule", "OCC"])
    assert isinstance(data, MoleculeDataset) and data.smiles == {"CCO", "c1cc[nH]c1"}
    assert data.provenance["refused"] == {
        "an entry that RDKit refuses": 1,
        "a formal charge": 1,
    }
    graphs = datasets.from_arrays(data.source, name="again")
    assert graphs.smiles == data.smiles and graphs.provenance["molecules"] == 3
    np.testing.assert_array_equal(graphs.source["bonds"], data.source["bonds"])


def test_a_name_with_a_path_stays_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "mine.smi"
    file.write_text("CCO\n")
    datasets.from_smiles(file, name="../../../escaped", progress=False)
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "mine.smi"}
    assert list(tmp_path.rglob("*escaped*.npz"))


def test_a_file_of_molecules(folder):
    (folder / "mine.smi").write_text("CCO\nCCN first\n")
    data = datasets.from_smiles("mine.smi", progress=False)
    assert data.name == "mine" and data.smiles == {"CCO", "CCN"}
    named = registry.build("molecules", file="mine.smi", data_dir=folder, progress=False)
    assert named.name == "molecules" and named.smiles == data.smiles
    with pytest.raises(FileNotFoundError, match=r"no file none.smi.*list of SMILES"):
        datasets.from_smiles("none.smi")


def test_wildcards_and_fragments_are_no_molecules():
    bonds = np.zeros((1, 9, 9), int)
    with pytest.raises(ValueError, match="arrays: 1 of 1 graphs have several fragments, the first"):
        datasets.from_arrays({"atoms": [[1, 2] + [0] * 7], "bonds": bonds})
    bonds[0, 0, 1] = bonds[0, 1, 0] = 1
    with pytest.raises(ValueError, match="arrays: 1 of 1 graphs are no molecules, the first of"):
        datasets.from_arrays({"atoms": [[1, 0] + [0] * 7], "bonds": bonds})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"adjacency": 1, 3: 4}, "mine: graphs are a dict of .* alone; received 3, adjacency"),
        ({"bonds": np.eye(9, dtype=int)[None]}, "mine: 1 of 1 graphs bond an atom to itself, the"),
        (
            {"bonds": np.eye(9, k=1, dtype=int)[None]},
            r"mine: 1 of 1 graphs are not sym.* bonds\[j, i\]",
        ),
        ({"atoms": np.full((1, 9), 99)}, "mine: atoms are codes from 0"),
        (
            {"atoms": np.zeros((0, 9), int), "bonds": np.zeros((0, 9, 9), int)},
            "mine holds no graph",
        ),
    ],
)
def test_graphs_are_looked_at_before_they_are_decoded(changes, message, monkeypatch):
    monkeypatch.setattr("qlatent_tf.datasets.molecules.graphs.decode", None)
    graphs = {"atoms": np.ones((1, 9), int), "bonds": np.zeros((1, 9, 9), int), **changes}
    with pytest.raises(ValueError, match=message):
        datasets.from_arrays(graphs, name="mine")


def test_a_mask_that_masks_nothing_is_taken_off():
    data = datasets.from_arrays(np.ma.masked_equal([[1, 2], [3, 4]], -9))
    assert type(data.source) is np.ndarray


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(ValueError, match="classes have a name each; received 'cat' twice"):
        datasets.from_arrays(IMAGES, np.arange(6) % 2, class_names=["cat", "cat"])


@pytest.mark.parametrize("names", ["ab", [1, 2], {"cat": 0, "dog": 1}, 3], ids=repr)
def test_class_names_are_a_list_of_texts(folder, names):
    labels = np.arange(6) % 2
    with pytest.raises(ValueError, match="arrays: class_names is a list of texts; received"):
        datasets.from_arrays(IMAGES, labels, class_names=names)
    np.savez("x.npz", x_train=IMAGES, y_train=labels)
    with pytest.raises(ValueError, match="x.npz: class_names is a list of texts; received"):
        datasets.load("images", file="x.npz", class_names=names, progress=False)


def test_class_names_need_labels_of_the_images_to_train_on(folder):
    names, labels = ["cat", "dog"], np.arange(6) % 2
    message = "no labels; received class_names=.'cat', 'dog'."
    np.savez("x.npz", x_train=IMAGES, x_test=IMAGES, y_test=labels)
    np.save("x.npy", IMAGES)
    (folder / "flat").mkdir()
    Image.fromarray(IMAGES[0]).save("flat/1.png")
    for make in (
        lambda: datasets.from_arrays(IMAGES, class_names=names),
        lambda: datasets.from_arrays(IMAGES, None, IMAGES, labels, class_names=names),
        lambda: datasets.load("images", file="x.npz", class_names=names, progress=False),
        lambda: datasets.load("images", file="x.npy", class_names=names),
        lambda: datasets.load("images", file="flat", class_names=names, progress=False),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    assert datasets.from_arrays(IMAGES, None, IMAGES, labels).class_names == ()


def test_class_names_may_be_an_array():
    names = np.array(["cat", "dog"])
    data = datasets.from_arrays(IMAGES[:2], np.array([1, 0]), class_names=names)
    assert data.class_names == ("cat", "dog")


def test_a_file_that_is_nowhere_is_named_with_the_folder_it_was_looked_for_in(folder):
    with pytest.raises(FileNotFoundError, match=f"Nor is there {folder}.absent.smi"):
        registry.build("molecules", file="absent.smi", progress=False)


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.array([[1.0, np.nan]]), "1 entries are not finite .* row 0, column 1: nan"),
        (np.array([[1e300, 0.0]]), r"not finite numbers in single precision, .* column 0: 1e\+300"),
        (np.array([[1j]]), "received complex128"),
        (np.zeros((0, 3)), r"of shape \(0, 3\)"),
        (np.array([["a"]]), "received <U1"),
        (IMAGES / 255, "Images are uint8"),
        (np.zeros(3), r"vectors, \(n, width\), or images.*received shape \(3,\)"),
        ({"atoms": np.zeros((1, 9), int)}, "a dict of 'atoms'"),
        (
            {"atoms": np.full((1, 9), 4), "bonds": 3 - 3 * np.eye(9, dtype=int)[None]},
            "1 of 1 graphs are no molecules, the first of them row 0",
        ),
        (np.ma.masked_equal([[1, -9], [3, 4]], -9), "1 of 4 entries are masked"),
        (np.ma.masked_less(IMAGES, 3), "entries are masked"),
    ],
)
def test_arrays_that_are_no_samples(samples, message):
    with pytest.raises(ValueError, match=message):
        datasets.from_arrays(samples)


CODE = """
import numpy as np

def vectors(width=3):
    return np.ones((4, width))

def smiles(progress=True):
    assert progress is False
    return ["CCO", "CC"]

def pairs(data_dir=None):
    x = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
    return (x, [0, 1]), (x[:1], [1])

def pair():
    return np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4), [1, 0]

def four():
    return *pair(), *pair()

def unlabelled():
    x, y = pair()
    return (x, y), (x[:1],)

def three():
    return pair(), pair(), pair()

def five():
    return *pair(), *pair(), ["a", "b"]

def texts():
    return np.array(smiles(False))

def later():
    import helper_of_mine
    return helper_of_mine.VALUES
"""


def test_a_plain_function_of_your_own_is_a_data_set(folder):
    (folder / "mine.py").write_text(CODE)
    data = datasets.load("mine:vectors", data_dir=folder, progress=False, width=5)
    assert data.source.shape == (4, 5) and data.name == "vectors"
    assert datasets.load("mine:smiles", progress=False).smiles == {"CCO", "CC"}
    held_out = datasets.load("mine:pairs", progress=False)
    assert held_out.labels.tolist() == [0, 1] and held_out.test_labels.tolist() == [1]
    assert datasets.load("mine:pair", progress=False).labels.tolist() == [1, 0]
    assert datasets.load("mine:four", progress=False).test_labels.tolist() == [1, 0]
    assert datasets.load("mine:unlabelled", progress=False).test.shape == (1, 4, 4, 1)
    assert datasets.load("mine:texts", progress=False).smiles == {"CCO", "CC"}
    (folder / "helper_of_mine.py").write_text("import numpy\nVALUES = numpy.ones((4, 2))\n")
    assert datasets.load("mine:later", progress=False).source.shape == (4, 2)
    for name, received in (("three", "3 tuples"), ("five", "5")):
        with pytest.raises(ValueError, match=f"{name} returns samples, .*a tuple of {received}"):
            datasets.load(f"mine:{name}", progress=False)
    with pytest.raises(ValueError, match="Unknown option depth.*Legal: width"):
        datasets.load("mine:vectors", depth=1)


def test_options_that_only_some_builders_take_are_offered():
    assert registry.build("mixture", data_dir="nowhere", progress=True).name == "mixture"
    with pytest.raises(ValueError, match="Unknown option size"):
        registry.build("mixture", size=2)


SCALES = {"radius", "radius_scale", "angle_scale"}
# Of the values below, what is legal for some options.
TAKEN = {
    ("mixture", repr(1.5)): SCALES,
    ("mixture", repr(10**30)): SCALES,
}


@pytest.mark.parametrize("value", ["", [[]], {"a": 1}, 1.5, True, 10**30], ids=repr)
@pytest.mark.parametrize(
    "name",
    ["codes", "images", "molecules", "mixture", "quantum", "photonic", "thermal", "bernoulli"],
)
def test_options_of_other_types_are_refused_in_a_sentence(tmp_path, name, value):
    np.savez(tmp_path / "codes.npz", codes=np.eye(2))
    np.savez(tmp_path / "images.npz", x_train=IMAGES)
    (tmp_path / "molecules.smi").write_text("CCO\n")
    files = {"codes": "codes.npz", "images": "images.npz", "molecules": "molecules.smi"}
    needed = {"file": files[name]} if name in files else {}
    taken = set()
    for option in inspect.signature(registry.get(name)).parameters:
        if option in ("data_dir", "progress", "interferometer"):
            continue
        try:
            datasets.load(name, data_dir=tmp_path, progress=False, **{**needed, option: value})
            taken.add(option)
        except (ValueError, FileNotFoundError) as error:
            said = str(error)
            # Keys are refused together; what is too large may be told of by what it makes.
            assert option in said or "Arrays are named by texts" in said or value == 10**30
    assert taken == TAKEN.get((name, repr(value)), set())


def test_what_images_have_is_refused_with_others():
    labels = np.zeros(3, int)
    with pytest.raises(ValueError, match="only images have .*; received labels with vectors"):
        datasets.from_arrays(np.zeros((3, 2)), labels)
    graphs = {"atoms": np.zeros((1, 9), int), "bonds": np.zeros((1, 9, 9), int)}
    with pytest.raises(ValueError, match="received test with graphs"):
        datasets.from_arrays(graphs, test=graphs)
    with pytest.raises(ValueError, match="y_test of arrays are given without x_test"):
        datasets.from_arrays(IMAGES, test_labels=np.zeros(len(IMAGES), int))


def test_damaged_smiles_are_not_read_as_what_stands_before_the_damage():
    data = datasets.from_smiles(["CC\u00e9", "CCO"], progress=False)
    assert data.smiles == frozenset({"CCO"})
    with pytest.raises(ValueError, match="a SMILES is a text of one line; received 'CC.nCO'"):
        datasets.from_smiles(["CC\nCO"])
    with pytest.raises(ValueError, match="a SMILES is a text of one line; received None"):
        datasets.from_smiles(["CCO", None])
    with pytest.raises(ValueError, match="molecules of smiles has a graph: there are none"):
        datasets.from_smiles([], progress=False)


def test_a_data_set_prints_in_a_few_lines_and_is_equal_to_itself_alone():
    for make in (
        lambda: datasets.from_smiles(["C" * length for length in range(1, 10)], progress=False),
        lambda: datasets.from_arrays(np.tile(IMAGES, (100, 1, 1, 1)), test=IMAGES),
        lambda: datasets.from_arrays(np.zeros((500, 30))),
    ):
        data = make()
        assert len(repr(data)) < 800 and f"name={data.name!r}" in repr(data)
        assert data == data and data != make() and data in {data}


def test_any_option_of_your_own_function_can_be_given(folder):
    (folder / "mine.py").write_text(
        "import numpy as np\n"
        "def named(name, config=1, *, progress, data_dir):\n"
        "    return np.full((3, 2), name * config)\n"
    )
    data = datasets.load("mine:named", progress=False, name=2, config=3)
    assert data.source[0, 0] == 6
    config = tiny_config(dataset="mine:named", dataset_options={"name": 2, "config": 3})
    check_names(config)
    assert load_dataset(config, progress=False, name=4).source[0, 0] == 12


@pytest.mark.parametrize("option, instead", [("data_dir", "--data-dir"), ("progress", "--quiet")])
def test_what_commands_have_an_argument_for_is_no_option(option, instead):
    config = tiny_config(dataset="molecules", dataset_options={"file": "a.smi", option: "/tmp"})
    asked = SimpleNamespace(settings=[f"dataset_options.{option}=/tmp"], data_dir=None)
    for refuse in (
        lambda: check_names(config),
        lambda: load_dataset(config),
        lambda: data_as_asked(asked, "molecules"),
        lambda: data_as_asked(asked, tiny_config(dataset="molecules")),
    ):
        with pytest.raises(ValueError, match=f"{option} is no option of .*'molecules': {instead}"):
            refuse()


def test_legal_options_are_those_that_can_be_given():
    with pytest.raises(ValueError, match=r"Unknown option wide .*elements\.$"):
        datasets.load("molecules", file="x.smi", wide=1)


@pytest.mark.parametrize(
    "name, ending",
    [("codes", ".npz"), ("images", ".npy"), ("molecules", ".smi"), ("vectors", ".csv")],
)
def test_pipes_and_folders_that_are_no_data_are_refused(folder, name, ending):
    os.mkfifo(f"pipe{ending}")
    config = tiny_config(dataset=name, dataset_options={"file": f"pipe{ending}"})
    assert data_width(config) is image_shape(config) is None
    (folder / f"folder{ending}").mkdir()
    with pytest.raises(ValueError, match=f"pipe{ending} is a device, a pipe or the like"):
        load_dataset(config)
    with pytest.raises(ValueError, match=f"folder{ending} (is a folder|holds no images)"):
        load_dataset(config, file=f"folder{ending}")
