from qlatent_tf.text.differences import differences, format_differences


def test_entries_that_differ_are_named_with_both_values():
    mine, theirs = {"a": 1, "b": [2], "c": 3}, {"a": 1, "b": [4], "d": None, "e": 5}
    found = differences(mine, theirs)
    assert found == {"b": ([2], [4]), "c": (3, None), "e": (None, 5)}
    assert list(found) == ["b", "c", "e"]
    assert differences(mine, dict(mine)) == {}


def test_nested_entries_have_dotted_names():
    mine, theirs = {"a": {"b": {"c": 1, "d": 2}, "e": {}}}, {"a": {"b": {"c": 1, "d": 3}, "e": 4}}
    assert differences(mine, theirs, nested=True) == {"a.b.d": (2, 3), "a.e": ({}, 4)}
    assert list(differences(mine, theirs)) == ["a"]


def test_a_message_shows_both_values_as_python_does():
    found = {"steps: of all": (1, 2), "latent": ("boson", None)}
    assert format_differences(found) == "steps: of all: 1 -> 2; latent: 'boson' -> None"
    assert format_differences({}) == ""
    options = {"latent_options": ({"modes": 4, "photons": 2}, {"modes": 4, "photons": 3})}
    assert format_differences(options) == "latent_options.photons: 2 -> 3"
