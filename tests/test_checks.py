import numpy as np
import pytest

from qlatent_tf.checks import check_count, check_flag, check_probability, check_real, check_seed


def test_seeds_wrap_at_64_bits():
    assert check_seed(np.int32(-1)) == 2**64 - 1


@pytest.mark.parametrize(
    "check, value",
    [
        (check_count, True),
        (check_count, np.True_),
        (check_count, 2.0),
        (check_count, "2"),
        (check_probability, True),
        (check_probability, "0.5"),
        (check_probability, 0.5j),
        (check_probability, float("nan")),
        (check_probability, [0.5]),
        (check_flag, 1),
        (check_flag, "false"),
        (check_flag, None),
        (check_real, [1j, 0.0]),
        (check_real, [True]),
        (check_real, [float("inf")]),
        (check_real, "1"),
    ],
)
def test_options_are_not_taken_for_another_type(check, value):
    with pytest.raises(ValueError, match="^the option .* received"):
        check(value, "the option")
