"""The tools of an installed package: ``python -m qlatent_tf train --help``."""

import importlib
import sys

import qlatent_tf
from qlatent_tf.text.names import did_you_mean

# Name -> the module in `qlatent_tf.tools`, and what the tool does.
TOOLS = {
    "train": ("train", "trains a model, or resumes an interrupted run"),
    "evaluate": ("evaluate", "scores a preset or a run on the metrics of its data"),
    "sample": ("sample", "draws samples from a preset or a run into a file"),
    "interpolate": ("interpolate", "draws molecules or images between two latents"),
    "publish": ("publish", "makes a preset of a run, for you or for the Hugging Face Hub"),
    "list_models": ("list_models", "lists presets with key scores, and all names that tools take"),
    "train_classifier": ("train_classifier", "trains the classifier that scores images"),
    "reproduce": ("reproduce", "repeats the published experiments: tables and figures"),
    "sample_latent": ("sample_latent", "writes a bank, a folder of photonic samples"),
    "inspect_samples": (
        "inspect_samples",
        "compares shots with what photons would do",
    ),
    "enumerate_molecules": ("data.enumerate_molecules", "makes the data set small_molecules"),
    "cut_naip": ("data.cut_naip", "cuts naip28 and naip28_small out of aerial photographs"),
}


def main(argv=None) -> int:
    """Runs the tool named by the first argument; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: qlatent-tf TOOL [arguments]\n\ntools:")
        for name, (_, purpose) in TOOLS.items():
            print(f"  {name:20} {purpose}")
        return 0 if arguments else 2
    name = arguments[0]
    if name == "--version":
        print(qlatent_tf.__version__)
        return 0
    if name not in TOOLS:
        print(
            f"error: unknown tool {name!r}.{did_you_mean(name, TOOLS)} Known: {', '.join(TOOLS)}",
            file=sys.stderr,
        )
        return 2
    try:
        return importlib.import_module(f"qlatent_tf.tools.{TOOLS[name][0]}").main(arguments[1:])
    except KeyboardInterrupt:  # While the libraries load.
        return 130


if __name__ == "__main__":
    sys.exit(main())
