#!/usr/bin/env python3
"""Trains the classifier of images whose features score generated images, and publishes it.

The same command resumes an interrupted training at the last complete epoch. Test images choose
nothing: the last epoch is published.

examples:
  qlatent-tf train_classifier --data-dir ~/data --preset cifar_classifier
  qlatent-tf train_classifier --workdir runs/wide --set widths=[64,128,256] --set epochs=30
"""

import json
import math
import shlex
import sys
from pathlib import Path

import numpy as np
from qlatent_tf.tools.arguments import (
    Parser,
    add_data_arguments,
    add_settings_argument,
    settings_of,
)
from qlatent_tf.tools.asked_data import check_dataset, options_of_data
from qlatent_tf.tools.command_line import run_tool
from qlatent_tf.tools.shown_scores import format_score

from qlatent_tf.registry import datasets
from qlatent_tf.text.names import did_you_mean

# What --set may change. The learning rate rises over a fifth of the steps and then falls along a
# cosine to 0; images are mirrored, and moved by at most `shift` pixels, at random.
OPTIONS = {
    "dataset": "cifar10",
    "widths": [40, 80, 160],
    "epochs": 12,
    "batch_size": 128,
    "learning_rate": 0.2,
    "momentum": 0.9,
    "weight_decay": 0.002,
    "shift": 4,
    "seed": 0,
}
# What the data set says.
_SIZES = ("image_size", "channels", "classes")
_LEGAL = {
    "dataset": "the name of a data set",
    "dataset_options": "options of the data, dataset_options.NAME=VALUE",
    "widths": "a list of whole numbers from 1",
    "learning_rate": "a decimal number from 0",
    "momentum": "a decimal number from 0 to below 1",
    "weight_decay": "a decimal number from 0",
    "shift": "a whole number from 0",
    "seed": f"a whole number from 0 to {2**32 - 1}",
    **dict.fromkeys(("epochs", "batch_size", *_SIZES), "a whole number from 1"),
}
_TEST_BATCH = 500


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("train_classifier", __doc__)
    add_data_arguments(arguments, default=OPTIONS["dataset"])
    arguments.add_argument(
        "--workdir", type=Path, help="the run's directory (default: runs/classifier_DATASET)"
    )
    arguments.add_argument(
        "--epochs", type=int, help=f"times each image is seen (default: {OPTIONS['epochs']})"
    )
    arguments.add_argument("--seed", type=int, help="decides weights, order and augmentation")
    add_settings_argument(
        arguments,
        "any other option, such as learning_rate=0.1, or one of the data, such as "
        "dataset_options.file=photos; may be repeated",
    )
    arguments.add_argument("--preset", help="the preset to make of it when training has ended")
    arguments.add_argument(
        "--models-dir",
        type=Path,
        help="where presets lie (default: ./models)",
    )
    arguments.add_argument("--overwrite", action="store_true", help="replace a preset")
    arguments.add_argument("--dry-run", action="store_true", help="print the options and stop")
    arguments.add_argument("--quiet", action="store_true", help="no progress bars")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_train, parser().parse_args(argv))


def _train(arguments):
    from qlatent_tf.datasets.custom import load
    from qlatent_tf.storage.locks import sole_use
    from qlatent_tf.storage.preset_files import new_preset_directory

    named = {name: getattr(arguments, name) for name in ("dataset", "epochs", "seed")}
    named = {name: value for name, value in named.items() if value is not None}
    of_data, changes = options_of_data(settings_of(arguments.settings, named))
    options = checked_options({**changes, **({"dataset_options": of_data} if of_data else {})})
    check_dataset(options["dataset"])
    datasets.refuse_offered(options["dataset"], options.get("dataset_options", {}))
    if arguments.dry_run:
        print(json.dumps(options, indent=2))
        return 0
    directory = arguments.preset and new_preset_directory(
        arguments.preset, arguments.models_dir, arguments.overwrite
    )
    dataset = load(
        options["dataset"],
        data_dir=arguments.data_dir,
        progress=not arguments.quiet,
        **options.get("dataset_options", {}),
    )
    options = with_sizes(options, dataset)
    name = options["dataset"].rpartition(":")[2]
    workdir = arguments.workdir or Path("runs") / f"classifier_{name}"
    try:
        with sole_use(workdir / ".lock", f"training in {workdir}"):
            # In a file, Keras writes a line for each epoch.
            verbose = 0 if arguments.quiet else 1 if sys.stdout.isatty() else 2
            classifier, step = train(options, dataset, workdir, verbose)
    except KeyboardInterrupt:
        print("\nStopped. The same command resumes at the last complete epoch.", file=sys.stderr)
        return 130
    logs = shlex.quote(str(workdir.parent))
    print(f"\nThe run is in {workdir}. Look at it:   tensorboard --logdir {logs}")
    if directory:
        for name, score in publish(directory, classifier, options, dataset, step).items():
            print(f"{name:40} {format_score(score)}")
        print(f"{directory} holds the preset.")
    return 0


def checked_options(changes: dict) -> dict:
    """Returns `OPTIONS` with changes, which may also say what `with_sizes` finds.

    Raises:
      ValueError: if a name is unknown, or a value is not legal.
    """
    for name, value in changes.items():
        if name not in _LEGAL:
            raise ValueError(
                f"Unknown option {name!r}.{did_you_mean(name, _LEGAL)} Legal: {', '.join(_LEGAL)}."
            )
        if not _is_legal(name, value):
            raise ValueError(f"{name} is {_LEGAL[name]}; received {name}={value!r}.")
    return {**OPTIONS, **changes}


def _is_legal(name, value):
    if name in ("dataset", "dataset_options"):
        return isinstance(value, str if name == "dataset" else dict) and bool(value)
    if name == "widths":
        return isinstance(value, list) and bool(value) and all(_is_whole(one, 1) for one in value)
    if isinstance(OPTIONS.get(name), float):
        most = 1 if name == "momentum" else math.inf
        return type(value) in (int, float) and 0 <= value < most
    least = 0 if name in ("seed", "shift") else 1
    return _is_whole(value, least) and (name != "seed" or value < 2**32)


def _is_whole(value, least):
    return type(value) is int and value >= least


def with_sizes(options: dict, dataset) -> dict:
    """Returns options with the data set's ``image_size``, ``channels`` and ``classes``.

    Raises:
      ValueError: if it has no labels, its images are not square, or the options say otherwise.
    """
    if any(getattr(dataset, name, None) is None for name in ("labels", "test_labels")):
        raise ValueError(f"{dataset.name!r} has no training or no test images with labels.")
    shape = dataset.source.shape[1:]
    sizes = dict(zip(_SIZES, (*shape[1:], len(dataset.class_names)), strict=True))
    if shape[0] != shape[1] or {**sizes, **options} != {**options, **sizes}:
        raise ValueError(
            f"Images are square, and as the options say: {options}. Those of {dataset.name!r} have "
            f"shape {shape}, and {len(dataset.class_names)} classes."
        )
    return {**options, **sizes}


def train(options: dict, dataset, workdir, verbose=0):
    """Trains a classifier in a directory, or resumes at its last complete epoch.

    The directory holds ``config.json``, ``history.csv`` with losses and accuracies after each
    epoch, TensorBoard's events, and in ``backup`` what resuming needs.

    Returns:
      The classifier, a keras.Model, and the number of its updates.

    Raises:
      ValueError: if the directory holds a run of other options or data, or another ``config.json``.
      FloatingPointError: if the loss is no longer finite.
    """
    import keras

    from qlatent_tf.layers.defaults import keras_defaults
    from qlatent_tf.metrics.images.classifier import NETWORK, build_classifier
    from qlatent_tf.runs.checks import check_path
    from qlatent_tf.storage.files import read_json, write_json
    from qlatent_tf.text.differences import differences, format_differences

    check_path(workdir)
    file = workdir / "config.json"
    now = json.loads(json.dumps({**options, "data": dataset.provenance}))
    if file.is_file() and not {"epochs", "data"} <= set(read_json(file, dict)):
        raise ValueError(
            f"{file} is no run's of this tool: training would write over it. Choose another "
            "--workdir."
        )
    # Without a complete epoch, a run may begin with other options.
    if not any(workdir.glob("backup/*")):
        (workdir / "history.csv").unlink(missing_ok=True)
    elif file.is_file() and (found := differences(read_json(file), now, nested=True)):
        raise ValueError(
            f"{workdir} holds a run of other options or data (its -> yours): "
            f"{format_differences(found)}. Choose another --workdir, or the same options."
        )
    write_json(file, now)
    keras.utils.set_random_seed(options["seed"])
    network = {name: options[name] for name in NETWORK}
    classifier = build_classifier(**network, seed=options["seed"])
    shift = options["shift"] / options["image_size"]
    with keras_defaults():
        flip = keras.layers.RandomFlip("horizontal")
        move = keras.layers.RandomTranslation(shift, shift, interpolation="nearest")
    images = keras.Input(dataset.source.shape[1:], dtype="uint8")
    model = keras.Sequential([images, flip, move, classifier])
    steps = options["epochs"] * math.ceil(len(dataset.source) / options["batch_size"])
    warmup = math.ceil(steps / 5)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup + 1, warmup_target=options["learning_rate"], warmup_steps=warmup
    )
    momentum, decay = options["momentum"], options["weight_decay"]
    optimizer = keras.optimizers.SGD(rate, momentum, nesterov=True, weight_decay=decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])

    def check(epoch, logs):
        if not np.isfinite(logs["loss"]):
            raise FloatingPointError(f"The loss of epoch {epoch + 1} is {logs['loss']}.")

    model.fit(
        dataset.source,
        np.asarray(dataset.labels, np.int32),
        options["batch_size"],
        options["epochs"],
        verbose,
        validation_data=(dataset.test, np.asarray(dataset.test_labels, np.int32)),
        validation_batch_size=_TEST_BATCH,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_end=check),
            keras.callbacks.CSVLogger(workdir / "history.csv", append=True),
            keras.callbacks.TensorBoard(workdir, write_graph=False),
            # Last: an epoch that is kept has been measured.
            keras.callbacks.BackupAndRestore(
                workdir / "backup", double_checkpoint=True, delete_checkpoint=False
            ),
        ],
    )
    return classifier, int(optimizer.iterations)


def publish(directory, classifier, options: dict, dataset, step: int) -> dict:
    """Writes a preset; returns its scores on the test images with their standard errors."""
    import keras

    from qlatent_tf.publishing.card import classifier_card
    from qlatent_tf.storage.preset_files import CLASSIFIER, versions
    from qlatent_tf.storage.preset_writer import write_preset

    logits = classifier.predict(dataset.test, batch_size=_TEST_BATCH, verbose=0)
    labels, count = np.asarray(dataset.test_labels), len(dataset.test_labels)
    entropy = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    scores = {}
    for name, values in (("accuracy", logits.argmax(axis=1) == labels), ("cross_entropy", entropy)):
        mean, error = np.mean(values, dtype=float), np.std(values, dtype=float) / np.sqrt(count)
        name = f"{name}_{dataset.name}_test@{count}"
        scores[name] = {"mean": float(mean), "standard_error": float(error)}
    measured = {"dataset": dataset.name, "num_samples": count, "metrics": scores}
    provenance = {"step": step, "dataset": {"name": dataset.name, **dataset.provenance}}
    description = {"config": options, "provenance": provenance, "versions": versions()}
    write_preset(
        directory,
        CLASSIFIER,
        options,
        classifier.save_weights,
        metrics=measured,
        card=classifier_card(directory.name, classifier.count_params(), description, measured),
        provenance=provenance,
    )
    return scores


if __name__ == "__main__":
    sys.exit(main())
