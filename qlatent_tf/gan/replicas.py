"""Training on several devices or machines, with the result of one: replicas share each batch.

A batch is a pure function of (seed, step). Every worker computes the whole batch, and its replicas
take their rows. Only gradients and the sums of batch normalisation are exchanged, and together the
replicas see what one device sees.
"""

import contextlib
import os
import zlib

import keras
import tensorflow as tf
from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.signals import signals_end
from qlatent_tf.text.names import check_choice

STRATEGIES = ("none", "mirrored", "multiworker")
_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
_TRAINED_LATENT = (
    "A circuit learns from the losses of a whole batch: train_circuit is not for {replicas} "
    "replicas. Train on one device."
)


def make_strategy(name: str):
    """Returns the strategy of a name: None, all local devices, or the machines of ``TF_CONFIG``.

    Args:
      name: str. ``none``, ``mirrored`` or ``multiworker``; the last before TensorFlow has begun
        to compute anything.

    Returns:
      tf.distribute.Strategy, or None for one device, also where a strategy finds no more.

    Raises:
      ValueError: if the name is unknown, or ``TF_CONFIG`` does not say which machines there are.
    """
    check_choice("A strategy", name, STRATEGIES)
    if name == "none":
        return None
    if name == "multiworker":
        logging.info("Waiting for all of %s; Ctrl-C ends the waiting.", ", ".join(_machines()))
        with signals_end():
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
    else:
        # Without a GPU: the logical CPU devices, of which there is one unless more were made.
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        strategy = tf.distribute.MirroredStrategy(
            [device.name for device in tf.config.list_logical_devices(kind)]
        )
    if strategy.num_replicas_in_sync == 1:
        logging.warning("The strategy %s finds one device, and trains as without it.", name)
        return None
    return strategy


def _machines() -> list[str]:
    """Returns the machines that ``TF_CONFIG`` names."""
    text = os.environ.get("TF_CONFIG", "")
    legal = (
        'TF_CONFIG names the machines of --strategy multiworker, such as {"cluster": {"worker": '
        '["one:2222", "two:2222"]}, "task": {"type": "worker", "index": 0}}'
    )
    try:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        cluster = resolver.cluster_spec().as_dict()
        own = cluster[resolver.task_type][int(resolver.task_id)]
        machines = [*cluster.get("chief", ()), *cluster.get("worker", ())]
        if own not in machines:
            raise ValueError(own)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError):
        raise ValueError(f"{legal}; received {text!r}.") from None
    return list(map(str, machines))


def check_distributable(config: Config, strategy) -> None:
    """Refuses a configuration that several replicas would not train as one device does.

    Raises:
      ValueError: if a batch cannot be divided evenly, or an option is not for several replicas.
    """
    if strategy is None:
        return
    replicas = strategy.num_replicas_in_sync
    if config.train_circuit:
        raise ValueError(_TRAINED_LATENT.format(replicas=replicas))
    for name in ("batch_size", "generator_batch_size"):
        size = getattr(config, name)
        if size is not None and size % replicas:
            raise ValueError(
                f"{name} is shared evenly by {replicas} replicas, so that it is a multiple of "
                f"{replicas}; received {size}."
            )
    _check_optimizer(config.optimizer_options.get, replicas)
    _check_scale(config.precision == "mixed_float16", replicas)
    if config.jit_compile:
        logging.warning(
            "The step is NOT compiled by XLA on %d replicas, which it cannot be together with the "
            "exchange of gradients. It agrees with one device under jit_compile=false.",
            replicas,
        )


def check_replicable(model) -> None:
    """Refuses what a model is compiled with that several replicas would not train as one device.

    Raises:
      ValueError: if an optimizer clips or scales, several steps are executed at once, the latent
        is trained, or a layer makes of half a batch something else than of the whole.
    """
    if (model.steps_per_execution or 1) > 1:
        raise ValueError(
            f"{model.replicas} replicas execute a step at a time; received "
            f"steps_per_execution={model.steps_per_execution}."
        )
    if model.latent_layer is not None:
        raise ValueError(_TRAINED_LATENT.format(replicas=model.replicas))
    for network in (model.generator, model.critic):
        _check_layers(network, model.replicas)
    for optimizer in (model.critic_optimizer, model.generator_optimizer):
        _check_scale(hasattr(optimizer, "inner_optimizer"), model.replicas)
        _check_optimizer(lambda name, of=optimizer: getattr(of, name), model.replicas)


def _check_optimizer(option, replicas):
    if option("gradient_accumulation_steps") is not None:
        raise ValueError(
            "Keras does not accumulate gradients on several devices: gradient_accumulation_steps "
            f"is not for {replicas} replicas. Train on one device, or with a larger batch."
        )
    for name in _CLIPPING:
        if option(name) is not None:
            raise ValueError(
                f"Keras clips the gradient of each replica instead of their sum: {name} is not "
                f"for {replicas} replicas. Train on one device, or without it."
            )


def _check_layers(network, replicas):
    """Refuses layers, at any depth, whose outputs depend on how a batch is divided."""
    # Keras has no public way to the layers of layers.
    for layer in network._flatten_layers():
        normalises = isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        if normalises and not layer.synchronized:
            raise ValueError(
                f"{layer.name!r} normalises the rows of each replica by themselves: give it "
                f"synchronized=True for {replicas} replicas, or train on one device."
            )
        if isinstance(getattr(layer, "seed_generator", None), keras.random.SeedGenerator):
            raise ValueError(
                f"{layer.name!r} draws random numbers, which {replicas} replicas draw otherwise "
                "than one device: train on one, or without it."
            )


def _check_scale(scales, replicas):
    if scales:
        raise ValueError(
            "Keras looks at one replica to see whether a scaled gradient overflows: mixed_float16 "
            f"is not for {replicas} replicas. mixed_bfloat16, which needs no scale, is."
        )


def scope(strategy):
    """Returns the context in which a model is built that is trained under a strategy."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def is_chief(strategy) -> bool:
    """Returns whether this process writes the run: the only one, or the cluster's first."""
    return strategy is None or strategy.extended.should_checkpoint


def worker_count(strategy) -> int:
    """Returns how many processes train together."""
    resolver = getattr(strategy, "cluster_resolver", None)
    tasks = resolver.cluster_spec().as_dict() if resolver else {}
    return sum(len(tasks.get(kind, ())) for kind in ("chief", "worker")) or 1


def agree(strategy, what: str, value) -> None:
    """Waits for all workers.

    Raises:
      ValueError: on every worker, if their values of `what` differ.
    """
    if worker_count(strategy) == 1:
        return
    digest = zlib.crc32(repr(value).encode())
    gathered = tf.function(
        lambda: strategy.gather(strategy.run(lambda: tf.constant([digest], tf.int64)), axis=0)
    )()
    if len(set(gathered.numpy().tolist())) > 1:
        raise ValueError(
            f"The workers do not agree on {what}; here it is {value}. All of them are started by "
            "one command, from one version, with one directory that all can read."
        )


def replica_batches(batches, strategy):
    """Returns `WGANGP.training_batches`, distributed: each replica gets its rows of a batch."""
    replicas = strategy.num_replicas_in_sync

    def local_batches(context):
        local = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * local
        # In this order the elements go to the replicas of a worker, one to each in turn.
        return batches.flat_map(
            lambda batch: tf.data.Dataset.range(first, first + local).map(
                lambda replica: _rows(batch, replica, replicas)
            )
        ).prefetch(2 * local)

    return strategy.distribute_datasets_from_function(local_batches)


def distributed_step(model, strategy):
    """Returns what Keras calls for each step: a function of the batches' iterator."""

    @tf.function(reduce_retracing=True, autograph=False)
    def step(batch):
        reports = strategy.run(model.train_step, args=(batch,))
        # Alike on all replicas.
        return {
            name: strategy.experimental_local_results(report)[0] for name, report in reports.items()
        }

    return lambda iterator: step(next(iterator))


@contextlib.contextmanager
def lost_workers(strategy):
    """Explains what to do when another worker has stopped."""
    try:
        yield
    except tf.errors.OpError as error:
        if worker_count(strategy) == 1:
            raise
        raise ConnectionError(
            "Another worker has gone, or cannot be reached. Start all of them again by the same "
            f"command: the run resumes at its last checkpoint. ({error.message.splitlines()[0]})"
        ) from error


def _rows(batch, replica, replicas):
    def share(part, axis):
        shape = part.shape.as_list()
        parts = tf.reshape(
            part, [*shape[:axis], replicas, shape[axis] // replicas, *shape[axis + 1 :]]
        )
        return tf.gather(parts, replica, axis=axis)

    return {
        "real": keras.tree.map_structure(lambda part: share(part, 1), batch["real"]),
        "latent": share(batch["latent"], 1),
        "generator_latent": share(batch["generator_latent"], 0),
        "seed": batch["seed"],
    }
