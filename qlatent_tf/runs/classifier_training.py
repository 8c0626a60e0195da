"""Trains the classifier whose features score images, in a directory that can be taken up again."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from qlatent_tf.differences import format_differences
from qlatent_tf.gan.batches import real_sampler, step_seed
from qlatent_tf.metrics.images.classifier import Classifier, ClassifierConfig, build_classifier
from qlatent_tf.registry import datasets
from qlatent_tf.runs import callbacks
from qlatent_tf.runs.run_directory import Stopwatch, data_differences
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage.files import read_json, write_json
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.storage.preset_files import versions

_TEST_BATCH = 500


def train_classifier(
    config: ClassifierConfig, workdir, *, data_dir=None, dataset=None, progress=True
) -> Classifier:
    """Trains a classifier, or goes on training it, in `workdir`.

    The run's directory holds ``config.json``, ``run.json``, checkpoints of the last two epochs,
    ``metrics.json`` with the accuracy on the test images after each epoch, and TensorBoard's
    events. Nothing is chosen by the test images: what is kept is the last epoch.

    Args:
      config: ClassifierConfig.
      workdir: path. If it holds a run of the same configuration, that run is continued from its
        last whole epoch.
      data_dir: path. Where data files are looked for first.
      dataset: ImageDataset with labels. Loaded already; by default the configuration's.
      progress: bool. Whether to show progress bars.

    Returns:
      Classifier, after the last epoch.

    Raises:
      ValueError: if the directory holds a run of another configuration or other data, or the data
        do not fit the configuration.
      InUseError: if another process trains in the directory.
      FloatingPointError: if the loss is no longer finite.
    """
    workdir = Path(workdir)
    dataset = dataset or datasets.build(config.dataset, data_dir=data_dir, progress=progress)
    check_images(config, dataset)
    with sole_use(workdir / ".lock", f"training in {workdir}"):
        _open(workdir, config, dataset)
        return _train(config, workdir, dataset, progress)


def _train(config, workdir, dataset, progress):
    epoch_steps = len(dataset.source) // config.batch_size
    model = compiled_classifier(config, epoch_steps)
    checkpoints = _checkpoints(workdir, model, epoch_steps)
    start = checkpoints.restore()
    steps = config.epochs * epoch_steps
    if start >= steps:
        logging.info("%s has reached epoch %d; nothing is left to do.", workdir, config.epochs)
        return model
    if start:
        logging.info("Resuming %s at step %d of %d.", workdir, start, steps)
    run = read_json(workdir / "run.json")
    stopwatch = Stopwatch(run["seconds"])
    writer = tf.summary.create_file_writer(str(workdir))

    def record(epoch, logs):
        epoch += 1
        scores = {"accuracy": logs["val_accuracy"], "cross_entropy": logs["val_loss"]}
        training = {"training_accuracy": logs["accuracy"], "training_loss": logs["loss"]}
        with writer.as_default(step=model.step):
            for name, value in scores.items():
                tf.summary.scalar(f"test/{name}", value)
        writer.flush()
        history = [row for row in read_json(workdir / "metrics.json") if row["epoch"] < epoch]
        history.append({"epoch": epoch, "step": model.step, **scores, **training})
        write_json(workdir / "metrics.json", history)
        write_json(
            workdir / "run.json",
            {
                **run,
                "step": model.step,
                "seconds": round(stopwatch.seconds, 1),
            },
        )
        logging.info("Epoch %d: test accuracy %.4f.", epoch, scores["accuracy"])

    bar = callbacks.ProgressBar(steps)
    try:
        model.fit(
            training_batches(config, dataset.source, dataset.labels, start),
            epochs=config.epochs,
            initial_epoch=start // epoch_steps,
            steps_per_epoch=epoch_steps,
            validation_data=(dataset.test, np.asarray(dataset.test_labels, np.int32)),
            validation_batch_size=_TEST_BATCH,
            shuffle=False,
            verbose=0,
            callbacks=[
                callbacks.FiniteLosses(),
                *([bar] if progress else []),
                callbacks.LossEvents(writer, steps, optimizers={"learning_rate": model.optimizer}),
                keras.callbacks.LambdaCallback(on_epoch_end=record),
                # After the record: an epoch that is kept has been measured.
                keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: checkpoints.save()),
            ],
        )
    finally:
        bar.close()
        writer.close()
    return model


def compiled_classifier(config: ClassifierConfig, epoch_steps: int) -> Classifier:
    """Returns the untrained classifier with its optimizer.

    Args:
      config: ClassifierConfig.
      epoch_steps: int. Steps an epoch. The learning rate rises over a fifth of all, and then falls
        along a cosine to 0.
    """
    model = build_classifier(config)
    steps = config.epochs * epoch_steps
    warmup = max(steps // 5, 1)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(
            0.0, max(steps - warmup, 1), warmup_target=config.learning_rate, warmup_steps=warmup
        ),
        momentum=config.momentum,
        nesterov=True,
        weight_decay=config.weight_decay,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    # XLA where Keras sees a GPU; on a processor, TensorFlow's own convolutions are the faster.
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile="auto",
    )
    return model


def training_batches(config: ClassifierConfig, images, labels, start_step=0) -> tf.data.Dataset:
    """Returns endless batches of moved images and labels, functions of (seed, step) alone.

    Args:
      config: ClassifierConfig.
      images: uint8 array, shape `(n, size, size, channels)`.
      labels: int array, shape `(n,)`.
      start_step: int. The step of the first batch.
    """
    draw = real_sampler({"images": images, "labels": np.asarray(labels, np.int32)})
    bases = {name: derive_seed(config.seed, name) for name in ("order", "augment")}

    def batch_at(step):
        batch = draw((1, config.batch_size), step, step_seed(bases["order"], step))
        moved = augment(batch["images"][0], config.shift, step_seed(bases["augment"], step))
        return moved, batch["labels"][0]

    stop = np.iinfo(np.int64).max
    return tf.data.Dataset.range(start_step, stop).map(batch_at, num_parallel_calls=2).prefetch(4)


def augment(images, shift: int, seed):
    """Moves each image by up to `shift` pixels along both axes, and mirrors one half of them.

    What is moved in from outside is the image's own reflection.

    Args:
      images: uint8 tensor, shape `(batch, height, width, channels)`.
      shift: int. From 0, below height and width.
      seed: int32 tensor, shape `(2,)`.

    Returns:
      uint8 tensor of the same shape.
    """
    count, height, width = images.shape[:3]
    offsets, mirrored = tf.unstack(tf.random.split(seed, 2))
    offsets = tf.random.stateless_uniform([2, count, 1], offsets, 0, 2 * shift + 1, tf.int32)
    mirrored = tf.random.stateless_uniform([count, 1], mirrored, 0, 2, tf.int32)
    padded = tf.pad(images, [[0, 0], [shift, shift], [shift, shift], [0, 0]], "REFLECT")
    rows = offsets[0] + tf.range(height)
    columns = tf.range(width)
    columns = offsets[1] + tf.where(mirrored == 1, width - 1 - columns, columns)
    return tf.gather(tf.gather(padded, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def check_images(config: ClassifierConfig, dataset) -> None:
    """Refuses data that do not fit a configuration.

    Raises:
      ValueError: saying what was received.
    """
    shape = (config.image_size, config.image_size, config.channels)
    for part, images, labels in (
        ("training", dataset.source, dataset.labels),
        ("test", dataset.test, dataset.test_labels),
    ):
        if images is None or labels is None:
            raise ValueError(f"The data set {dataset.name!r} has no {part} images with labels.")
        if images.shape[1:] != shape or images.dtype != np.uint8:
            raise ValueError(
                f"The {part} images of {dataset.name!r} have shape {images.shape[1:]} and type "
                f"{images.dtype}; the configuration says {shape}, and images are uint8."
            )
        if len(labels) != len(images) or not 0 <= np.min(labels) <= np.max(labels) < config.classes:
            raise ValueError(
                f"The {len(images)} {part} images of {dataset.name!r} have {len(labels)} labels "
                f"from {np.min(labels)} to {np.max(labels)}; {config.classes} classes are labelled "
                f"0 to {config.classes - 1}."
            )
    if len(dataset.source) < config.batch_size:
        raise ValueError(
            f"{dataset.name!r} has {len(dataset.source)} training images, less than one batch of "
            f"{config.batch_size}."
        )


def _checkpoints(workdir, model, every):
    parts = {"network": model, "optimizer": model.optimizer}
    return callbacks.Checkpoints(workdir / "checkpoints", model, every, parts)


def _open(workdir, config, dataset):
    """Makes a run's directory, or takes it up again if configuration and data are its own."""
    if (workdir / "config.json").is_file():
        known = ClassifierConfig.from_json(read_json(workdir / "config.json"))
        recorded = read_json(workdir / "run.json")["dataset"]
        differences = {**known.differences(config), **data_differences(recorded, dataset)}
        if differences:
            raise ValueError(
                f"{workdir} holds a run of another configuration or other data (its value -> "
                f"yours): {format_differences(differences)}. Choose another --workdir, or the same "
                "options."
            )
        return
    write_json(
        workdir / "run.json",
        {
            "step": 0,
            "seconds": 0.0,
            "versions": versions(),
            "dataset": {"name": dataset.name, **dataset.provenance},
        },
    )
    write_json(workdir / "metrics.json", [])
    write_json(workdir / "config.json", config.to_json())
