"""Old import paths that the documentation named work, with a warning."""

import importlib
import sys

import pytest

import qlatent_tf
from qlatent_tf._moved import MOVED


@pytest.mark.parametrize("old, new", MOVED.items())
def test_an_old_path_warns_and_hands_the_same_names_on(old, new):
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new}"):
        module = importlib.import_module(old)
    moved = importlib.import_module(new)
    public = [name for name in vars(moved) if not name.startswith("_")]
    assert public
    assert all(getattr(module, name) is getattr(moved, name) for name in public)
    sys.modules.pop(old, None)


def test_a_function_that_has_an_old_path_for_a_name_is_still_called():
    with pytest.warns(DeprecationWarning, match="is now"):
        old = importlib.import_module("qlatent_tf.metrics.image_scores")
    with pytest.raises(TypeError, match=r"image_scores\(\) missing"):
        qlatent_tf.metrics.image_scores()
    sys.modules.pop(old.__name__, None)
