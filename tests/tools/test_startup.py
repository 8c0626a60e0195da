"""What only reads names, options and help never waits for TensorFlow."""

import json
import subprocess
import sys

from qlatent_tf.__main__ import TOOLS
from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.experiment import GridExperiment
from qlatent_tf.registry import latents, models

HEAVY = (
    "distributed",
    "h5py",
    "keras",
    "matplotlib",
    "numba",
    "scipy",
    "spektral",
    "tensorcircuit",
    "tensorflow",
    "tensorflow_probability",
    "tf_keras",
)
ANSWERED = [
    ["list_models"],
    ["list_models", "--json"],
    ["list_models", "--all"],
    ["list_models", "--metrics"],
    ["train", "--config", "molgan_boson_qm9", "--dry-run"],
    ["train", "--model", "molgan", "--reward", "qed", "--dry-run"],
    ["train", "--model", "mlp", "--latent", "samples", "--latent-file", "shots.npy", "--dry-run"],
    *(
        ["train", "--model", "mlp", "--latent", x, "--dry-run"]
        for x in latents.names()
        if x != "samples"
    ),
    *(["train", "--model", name, "--latent", "gaussian", "--dry-run"] for name in models.names()),
    *([tool, "--help"] for tool in TOOLS),
    *(["reproduce", name, "--help"] for name in EXPERIMENTS),
    *(
        ["reproduce", name, "--dry-run"]
        for name, experiment in EXPERIMENTS.items()
        if isinstance(experiment, GridExperiment)
    ),
]
# What follows the nearest name.
REFUSED = {
    "train --model molgen": "Did you mean molgan?",
    "train --model mlp --latent bosson": "Did you mean boson?",
    "train --model mlp --dataset quantam": "Did you mean quantum?",
    "train --model mlp --set stepz=3": "Did you mean steps?",
    "train --model mlp --set latent_options.photonz=3": "Did you mean photons?",
    "train --model mlp --set model_options.unit=[3]": "Did you mean units?",
    "train --model mlp --set dataset_options.modez=3": "Did you mean modes?",
    "train --model mlp --set metrics=discretness": "Did you mean discreteness?",
    "train --model molgan --reward qeds": "Did you mean qed?",
    "train --model mlp --latent gaussian --photons 3": "--photons means nothing",
    "train --model mlp --latent samples --latent-file shots.npy": "no shots.npy, which --latent-f",
    "train --model mlp --unitary-file mine.npy": "There is no mine.npy, which --unitary-file names",
    "train --config molgan_boson_qm": "Did you mean molgan_boson_qm9?",
    "evaluate mlp_boson_quantun": "Did you mean mlp_boson_quantum?",
    "evaluate mlp_boson_quantum --metrics discretness": "Did you mean discreteness?",
    "evaluate mlp_boson_quantum --dataset quantam": "Did you mean quantum?",
    "sample mlp_boson_quantun --out a.npy": "Did you mean mlp_boson_quantum?",
    "interpolate molgan_boson_qm --out a.png": "Did you mean molgan_boson_qm9?",
    "publish nothing mine": "holds no run",
    "reproduce table2 --latents bosson": "Did you mean boson?",
    "reproduce table1 --set stepz=3": "Did you mean steps?",
    "reproduce theorem1 --latent bosson": "Did you mean boson?",
    "trian": "Did you mean train?",
    "train --model mlp --stepz 3": "Did you mean --steps?",
    "evaluate mlp_boson_quantum --metrix fcd": "Did you mean --metrics?",
    "reproduce figur2": "Did you mean figure2?",
    "reproduce table1 --itertions 3": "Did you mean --iterations?",
    "reproduce table2_cifar --variant smal": "Did you mean small?",
    "sample_latent bank --latent bosson": "Did you mean boson?",
}
CODE = """
import contextlib, io, json, sys
import qlatent_tf.quantum, qlatent_tf.registry, qlatent_tf.zoo
from qlatent_tf.__main__ import main

commands, heavy = json.load(sys.stdin)
for command in commands:
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            code = main(command)
        except SystemExit as stop:  # After --help.
            code = stop.code
    loaded = [name for name in heavy if name in sys.modules]
    print(json.dumps([code, errors.getvalue(), loaded]))
"""


def test_names_options_and_help_need_no_tensorflow(empty_folder):
    commands = [*ANSWERED, *(command.split() for command in REFUSED)]
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps([commands, HEAVY]),
        capture_output=True,
        text=True,
        check=True,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(commands)
    for command, (_, _, loaded) in zip(commands, results, strict=True):
        assert not loaded, (command, loaded)
    answers, refusals = results[: len(ANSWERED)], results[len(ANSWERED) :]
    for command, (code, error, _) in zip(ANSWERED, answers, strict=True):
        assert code == 0, (command, error)
    for (command, hint), (code, error, _) in zip(REFUSED.items(), refusals, strict=True):
        assert code and error.count("\n") == 1 and hint in error, (command, error)
