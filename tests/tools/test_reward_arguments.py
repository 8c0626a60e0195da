import json

import pytest
from qlatent_tf.tools import train


def dry_run(capsys, *arguments):
    code = train.main(["--model", "molgan", "--dry-run", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_rewards_are_named_on_the_command_line(capsys):
    code, printed, _ = dry_run(capsys, "--reward", "qed", "sa", "--reward-weight", "0.25")
    options = json.loads(printed)["model_options"]
    assert code == 0
    assert options["reward"] == ["qed", "sa"] and options["reward_weight"] == 0.25


def test_there_is_none_by_default(capsys):
    _, printed, _ = dry_run(capsys)
    assert json.loads(printed)["model_options"]["reward"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reward", "beauty"], "Unknown reward 'beauty'. Known: logp, qed, sa, valid"),
        (["--reward-weight", "0.5"], "name one with --reward"),
        (
            ["--model", "mlp", "--reward", "qed"],
            "--reward means nothing to the model 'mlp', whose options are features, units, "
            "activation, invertible, critic_units.",
        ),
        (
            ["--dataset", "."],
            ". is a file or folder, not a data set. Vectors of a file:",
        ),
        (["--dataset", "molecules"], "name it by --set dataset_options.file=FILE"),
        (["--dataset", "images"], "--dataset images reads a file: name it by"),
        (["--dataset", "molcules"], "Did you mean molecules?"),
    ],
)
def test_what_means_nothing_is_refused(capsys, arguments, message):
    code, _, error = dry_run(capsys, *arguments)
    assert code == 1 and message in error
