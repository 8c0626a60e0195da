"""Which counts tools take, and the settings that they name for what is no flag."""

import harness
import pytest
from qlatent_tf.tools.arguments import Parser, count


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "a", "1e3", "²", str(2**31), "9" * 5000])
def test_what_counts_nothing_is_refused(text, capsys):
    parser = Parser("tool")
    parser.add_argument("--num-samples", type=count)
    with pytest.raises(SystemExit) as stop:
        parser.parse_args([f"--num-samples={text}"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and len(error) < 250
    assert "a whole number from 1 to 2,147,483,647 is needed" in error


def test_counts_are_read():
    assert count("1") == 1 and count(str(2**31 - 1)) == 2**31 - 1


@pytest.mark.parametrize(
    "arguments, setting",
    [
        ("train --model mlp --transmission 0.8", "--set latent_options.transmission=VALUE"),
        ("train --model mlp --units 3", "--set model_options.units=VALUE"),
        ("reproduce table1 --optimizer Adam", "--set optimizer=VALUE"),
        ("evaluate mlp_boson_quantum --classes cat", "--set dataset_options.classes=VALUE"),
    ],
)
def test_what_is_set_and_no_flag_is_told(capsys, arguments, setting):
    with pytest.raises(SystemExit):
        harness.run_tool(*arguments.split())
    assert f"It is set by {setting}." in capsys.readouterr().err
