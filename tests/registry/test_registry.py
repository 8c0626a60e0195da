"""Looking names up, and code that a third party names."""

import inspect

import pytest

from qlatent_tf.registry import (
    OwnCodeError,
    Registry,
    check_options,
    latents,
    models,
    takes_options_of,
)


@pytest.fixture
def shapes():
    """A registry of its own, with one entry."""
    registry = Registry("shape", {})

    @registry.register("square")
    def square(side=1.0, *, colour="black"):
        return side, colour

    return registry


def test_builds_by_name_with_options(shapes):
    assert shapes.names() == ["square"]
    assert shapes.build("square", 2.0, colour="red") == (2.0, "red")


@pytest.mark.parametrize("name", ["sqare", "", "Square"])
def test_an_unknown_name_lists_the_known_ones(shapes, name):
    with pytest.raises(ValueError, match=r"Unknown shape .*Known: square"):
        shapes.get(name)


@pytest.mark.parametrize("name", [None, 3, ["square"]])
def test_a_name_is_a_string(shapes, name):
    with pytest.raises(ValueError, match="named by a string; received"):
        shapes.get(name)


def test_an_unknown_option_lists_the_legal_ones(shapes):
    with pytest.raises(ValueError, match="Unknown option color .*square.* Legal: side, colour"):
        shapes.build("square", color="red")


def test_options_are_free_where_the_builder_takes_any():
    check_options(lambda **options: options, {"anything": 1}, "a builder")


def test_a_name_belongs_to_one_module(shapes):
    def other():
        return None

    other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match="'square' is taken by"):
        shapes.register("square")(other)


def test_a_registered_name_holds_no_colon(shapes):
    with pytest.raises(ValueError, match="no colon; received 'a:b'"):
        shapes.register("a:b")


@pytest.mark.parametrize("name", ["my_shapes:circle", "my_shapes.py:circle"])
def test_a_file_in_the_working_directory_needs_no_registration(shapes, empty_folder, name):
    (empty_folder / "my_shapes.py").write_text("def circle(radius=1):\n    return radius\n")
    assert shapes.build(name, radius=3) == 3


def test_a_missing_option_is_named(shapes):
    shapes.register("needy")(lambda size, *, colour, depth=1: (size, colour))
    with pytest.raises(
        ValueError, match="Option colour is missing for the shape 'needy'. Legal: col"
    ):
        shapes.build("needy", 3)
    assert shapes.build("needy", 3, colour="red") == (3, "red")


@pytest.mark.parametrize(
    "name, message",
    [
        ("no_such_file:circle", "'no_such_file', which is neither a file in .* nor installed"),
        ("my_shapes:circel", "'my_shapes' has no 'circel'"),
        (":circle", "reads module:attribute; received ':circle'"),
        ("my_shapes:", "reads module:attribute; received 'my_shapes:'"),
        ("/tmp/my_shapes.py:circle", "no path; received '/tmp/my_shapes.py:circle'"),
        ("../my_shapes:circle", "no path; received"),
        (".my_shapes:circle", "reads module:attribute; received '.my_shapes:circle'"),
        ("json.no_such:circle", "'json.no_such', which is neither a file in .* nor installed"),
        ("my_shapes:radius", "'my_shapes:radius' is 3, which cannot be called"),
    ],
)
def test_code_that_is_not_there_is_an_error_that_says_so(shapes, empty_folder, name, message):
    (empty_folder / "my_shapes.py").write_text("def circle():\n    return 1\n\nradius = 3\n")
    with pytest.raises(ValueError, match=message):
        shapes.get(name)


@pytest.mark.parametrize(
    "code, mistake",
    [
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def circle(:\n", r"SyntaxError: .*\(my_shapes.py, line 1\)"),
        ("radius = side\n", "NameError: name 'side' is not defined"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_of_with_its_mistake(
    shapes, empty_folder, code, mistake
):
    (empty_folder / "my_shapes.py").write_text(code)
    said = f"^The shape 'my_shapes:circle' cannot be imported: {mistake}"
    with pytest.raises(OwnCodeError, match=said):
        shapes.get("my_shapes:circle")


def test_a_mistake_of_a_builder_of_ones_own_is_told_of_and_no_other_error_changes(
    shapes, empty_folder
):
    code = "def circle(radius=1):\n    return 1 / radius\n\n\ndef full():\n    raise MemoryError\n"
    (empty_folder / "my_shapes.py").write_text(code)
    said = "^The shape 'my_shapes:circle' failed: ZeroDivisionError: division by zero"
    with pytest.raises(OwnCodeError, match=said) as caught:
        shapes.build("my_shapes:circle", radius=0)
    assert caught.traceback[-1].path.name == "my_shapes.py"
    with pytest.raises(MemoryError):
        shapes.build("my_shapes:full")
    shapes.register("flat")(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shapes.build("flat")


@pytest.mark.parametrize(
    "error, told",
    [
        ("RuntimeError('no device')", True),
        ("tf.errors.InvalidArgumentError(None, None, 'no device')", True),
        ("tf.errors.ResourceExhaustedError(None, None, 'no device')", False),
        ("OSError('no device')", False),
        ("ValueError('no device')", False),
        ("type('MyError', (Exception,), {})('no device')", True),
    ],
)
def test_errors_of_libraries_in_ones_own_code_are_told_of(shapes, empty_folder, error, told):
    code = f"import tensorflow as tf\n\ndef circle():\n    raise {error}\n"
    (empty_folder / "my_shapes.py").write_text(code)
    with pytest.raises(Exception, match="no device") as caught:
        shapes.build("my_shapes:circle")
    assert isinstance(caught.value, OwnCodeError) == told


def test_a_module_is_imported_when_its_builder_is_asked_for():
    registry = Registry("shape", {"cube": "no_such_module:cube"})
    assert registry.names() == ["cube"]
    with pytest.raises(ModuleNotFoundError, match=r"qlatent_tf\.no_such_module"):
        registry.get("cube")


def test_a_name_of_the_package_is_taken():
    registry = Registry("shape", {"cube": "shapes:cube"})
    with pytest.raises(ValueError, match="'cube' is taken by qlatent_tf"):
        registry.register("cube")(lambda: None)


def test_a_name_is_checked_without_importing_what_it_names():
    registry = Registry("shape", {"cube": "no_such_module:cube"})
    registry.check("cube")
    registry.check("no_such_file:circle")
    with pytest.raises(ValueError, match="Unknown shape 'cub'. Did you mean cube.* Known: cube;"):
        registry.check("cub")


def test_a_builder_takes_the_options_of_another():
    def box(width=1, *, height=2, colour="black"):
        return width, height, colour

    @takes_options_of(box, without=["colour"])
    def cube(**options):
        """One colour only."""
        return box(**options, colour="red")

    assert str(inspect.signature(cube)) == "(width=1, *, height=2)"
    assert cube.__doc__ == "One colour only."
    assert cube(3) == (3, 2, "red") and cube(height=5) == (1, 5, "red")
    with pytest.raises(TypeError, match=r"^cube\(\) got an unexpected keyword argument 'colour'"):
        cube(colour="blue")
    with pytest.raises(ValueError, match="Unknown option colour for a cube. Legal: width, height"):
        check_options(cube, {"colour": "blue"}, "a cube")


def test_what_a_builder_passes_on_may_be_bounded():
    def builder(side=1, **options):
        return side, options

    check_options(builder, {"side": 2, "depth": 3}, "a builder", passed_on=["depth"])
    with pytest.raises(ValueError, match=r"option dept .* Did you mean depth\? Legal: side, depth"):
        check_options(builder, {"dept": 3}, "a builder", passed_on=["depth"])


def test_builders_may_have_an_option_called_name(monkeypatch):
    def ring(modes=16, name="Ring"):
        return modes, name

    for registry in (latents, models):
        monkeypatch.setattr(registry, "_builders", {"ring": ring})
        assert registry.build("ring", modes=2, name="mine") == (2, "mine")
