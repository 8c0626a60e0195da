"""Names that are nearly others, and values that are legal."""

import pytest

from qlatent_tf.text.names import check_choice, check_number, did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("bosson", ["boson", "photonic"], " Did you mean boson?"),
        ("BOSON", ["boson"], " Did you mean boson?"),
        ("--modle", ["--modes", "--model"], " Did you mean --model?"),
        ("trian", ["train", "trim"], " Did you mean train?"),
        ("xyz", ["boson"], ""),
    ],
)
def test_the_nearest_name_is_suggested(name, known, said):
    assert did_you_mean(name, known) == said


def test_whole_numbers_that_no_float_holds_are_not_finite():
    with pytest.raises(ValueError, match="weight is at least 0; received 1000"):
        check_number("weight", 10**400, 0)


@pytest.mark.parametrize("value", [True, ["auto"], None])
def test_a_choice_is_a_word(value):
    with pytest.raises(ValueError, match="method is one of auto; received"):
        check_choice("method", value, {"auto": 1})
