"""The architecture, read from the syntax trees: imports point down, and house rules hold."""

import ast
import configparser
import re
import subprocess
import sys
import warnings

import pytest
from harness import ROOT, imported, modules, nodes

_FOUNDATION = {"registry", "files", "locks", "seeds"}
# What each part of the package may import of the others; everything points down.
_MAY_IMPORT = {
    "registry": set(),
    "files": set(),
    "locks": set(),
    "seeds": set(),
    "config": set(),
    "callbacks": set(),
    "quantum": _FOUNDATION,
    "latents": _FOUNDATION | {"quantum"},
    "layers": set(),
    "batches": {"seeds"},
    "distribution": {"config"},
    "shapes": set(),
    "penalty": set(),
    "latent_generator": {"seeds"},
    "wgan_gp": {"seeds", "batches", "distribution", "latent_generator", "penalty", "shapes"},
    "image_codes": {"layers"},
    "code_gan": {"wgan_gp", "image_codes", "metrics"},
    "models": {
        "wgan_gp",
        "layers",
        "registry",
        "shapes",
        "image_codes",
        "code_gan",
        "configs",
        "metrics",
        "batches",
        "latent_generator",
        "seeds",
    },
    "datasets": _FOUNDATION | {"quantum", "latents", "figures"},
    "_compat": set(),
    "metrics": _FOUNDATION | {"_compat", "classifier", "datasets", "preset_files", "quantum"},
    "pictures": {"files", "datasets"},
    "plots": {"quantum", "figures"},
    "figures": {"files"},
    "invertible": set(),
    "configs": {"config"},
    "preset_files": {"files"},
    "zoo": _FOUNDATION | {"latents", "models", "config", "preset_files"},
    "classifier": {"preset_files", "seeds"},
    "classifier_card": {"card", "classifier", "files", "preset_files"},
    "classifier_training": _FOUNDATION
    | {
        "batches",
        "callbacks",
        "classifier",
        "datasets",
        "preset_files",
        "run_directory",
    },
    "evaluation": {"registry", "metrics", "datasets"},
    "tensorboard": {"config", "seeds", "pictures"},
    "run_directory": {"config", "files", "preset_files"},
    "continuation": {"callbacks", "config", "files", "preset_files", "run_directory", "zoo"},
    "optimizers": {"config", "registry"},
    "completion": {"config", "registry", "seeds"},
    "card": {"config", "evaluation"},
    "rescoring": {"card", "files", "preset_files", "run_directory", "zoo"},
    "training": _FOUNDATION
    | {
        "callbacks",
        "completion",
        "config",
        "continuation",
        "datasets",
        "distribution",
        "evaluation",
        "latents",
        "metrics",
        "optimizers",
        "pictures",
        "run_directory",
        "tensorboard",
        "zoo",
    },
    "experiments": _FOUNDATION
    | {
        "completion",
        "config",
        "configs",
        "datasets",
        "evaluation",
        "figures",
        "image_codes",
        "invertible",
        "latents",
        "metrics",
        "models",
        "quantum",
        "run_directory",
        "training",
        "zoo",
    },
    "__main__": {"tools"},
}
_RDKIT = re.compile(r"(datasets|metrics)\.(\w*molecul\w*|qm9\w*)$|tools\.\w*molecul\w*$")
_TENSORFLOW = {
    "tensorflow",
    "tensorflow_probability",
    "keras",
    "tf_keras",
    "spektral",
    "tensorcircuit",
}
_PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
_DISTRIBUTIONS = {
    "absl": "absl-py",
    "perceval": "perceval-quandela",
    "tensorcircuit": "tensorcircuit-ng",
    "tensorflow_gan": "tensorflow-gan",
    "tensorflow_probability": "tensorflow-probability",
}
# Perceval's own engine and PennyLane's differentiation, which they bring along.
_BROUGHT_ALONG = {"exqalibur", "autograd"}
# Needed by a dependency that does not declare it; read as a file of weights.
_NOT_IMPORTED = {"tf_keras", "fcd", "setuptools"}
# Ours beside the package.
_SHARED_BESIDE = {"harness", "dense_circuit", "benchmarks"}
# What holds a state of its own.
_GENERATORS = {"Generator", "PCG64", "Philox", "RandomState", "SeedSequence", "default_rng"}
_MODULES = modules()
_ids = pytest.mark.parametrize("name", _MODULES)


def _part(name):
    return [*name.split("."), "", ""][1]


@_ids
def test_imports_point_down(name):
    part = _part(name)
    if part in ("", "tools"):  # The public names are fetched lazily; tools may use everything.
        return
    assert part in _MAY_IMPORT, f"say in {__file__} where {part} stands"
    inner = {_part(found) for found in imported(_MODULES[name]) if found.startswith("qlatent_tf.")}
    above = inner - {part, "__version__"} - _MAY_IMPORT[part]
    assert not above, f"{name} imports {sorted(above)}"


@_ids
def test_tensorflow_and_rdkit_stay_in_their_places(name):
    outer = {found.partition(".")[0] for found in imported(_MODULES[name])}
    if name.startswith("qlatent_tf.quantum"):
        assert not outer & _TENSORFLOW
    if "rdkit" in outer:
        assert _RDKIT.search(name), f"{name} imports rdkit"


@_ids
def test_nothing_can_unpickle(name):
    assert not {found.partition(".")[0] for found in imported(_MODULES[name])} & _PICKLES
    for node in nodes(_MODULES[name]):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False, node.lineno


@_ids
def test_there_is_no_global_random_state(name):
    assert "random" not in {found.partition(".")[0] for found in imported(_MODULES[name])}
    for node in nodes(_MODULES[name]):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "random"):
            assert node.attr in _GENERATORS, f"line {node.lineno}: np.random.{node.attr}"
        if isinstance(node, ast.Attribute) and node.attr in ("set_seed", "set_random_seed"):
            assert name == "qlatent_tf.training", f"line {node.lineno}"


@_ids
def test_the_package_does_not_print(name):
    if _part(name) not in ("tools", "__main__"):
        for node in nodes(_MODULES[name]):
            assert not (isinstance(node, ast.Name) and node.id == "print"), node.lineno


@_ids
def test_public_names_are_documented(name):
    tree = ast.parse(_MODULES[name].read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree) or _MODULES[name].name == "__init__.py"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"line {node.lineno}: {node.name}"


@pytest.mark.parametrize(
    "file",
    sorted(
        file.relative_to(ROOT).as_posix()
        for folder in ("qlatent_tf", "tools", "configs", "tests", "benchmarks")
        for file in (ROOT / folder).rglob("*.py")
    ),
)
def test_files_are_short_and_lines_fit(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    long = [number for number, line in enumerate(lines, 1) if len(line) > 100]
    assert not long, f"lines of more than 100 characters: {long}"
    assert len(lines) <= 400
    if len(lines) > 300:
        warnings.warn(f"{file} has {len(lines)} lines; 300 are read at a sitting", stacklevel=1)


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = {
        "install": _requirements(setup["options"]["install_requires"]),
        **{key: _requirements(value) for key, value in setup["options.extras_require"].items()},
    }
    used = _distributions(_MODULES.values())
    assert used == declared["install"] - _NOT_IMPORTED
    for folder, extra in (("tests", "test"), ("benchmarks", "bench")):
        beside = _distributions((ROOT / folder).rglob("*.py")) - _SHARED_BESIDE - _BROUGHT_ALONG
        assert beside <= declared["install"] | declared[extra]


@pytest.mark.parametrize("module", ["qlatent_tf", "qlatent_tf.zoo", "qlatent_tf.quantum"])
def test_importing_is_cheap(module):
    code = f"import sys, {module}; print(set({sorted(_TENSORFLOW)}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_public_names_exist():
    import qlatent_tf

    assert set(qlatent_tf.__all__) <= set(dir(qlatent_tf))
    for name in qlatent_tf.__all__:
        assert getattr(qlatent_tf, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'from_presets'"):
        qlatent_tf.from_presets  # noqa: B018


def _requirements(lines):
    return {re.match(r"[\w.-]+", line).group() for line in lines.split("\n") if line}


def _distributions(files):
    outer = {found.partition(".")[0] for file in files for found in imported(file)}
    outer -= sys.stdlib_module_names | {"qlatent_tf"}
    return {_DISTRIBUTIONS.get(name, name) for name in outer}
