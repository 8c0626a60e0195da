"""Which real samples a training step sees: a function of the seed and the step alone."""

import keras
import numpy as np
import tensorflow as tf

from qlatent_tf.checks import check_count

_BLOCK = 1 << 24  # entries of a mapped array that are looked at together


def step_seed(base, step):
    """Returns an int32 pair that differs with a 31-bit seed and the step, a scalar tensor."""
    return tf.stack([tf.constant(base, tf.int32), tf.cast(step, tf.int32)])


def step_batches(batch_of, shape, real, base, start_step=0, steps=None):
    """Returns a tf.data.Dataset of the batches of steps; without `steps`, it has no end.

    Args:
      batch_of: callable. ``batch_of(step, drawn)`` returns a batch.
      shape: ``(critic_steps, batch_size)``, which the real samples that are drawn begin with.
      real: as for `real_sampler`; or a tf.data.Dataset of batches, which is repeated in its order.
      base: int. A 31-bit seed for the real samples.
      start_step: int. The step of the first batch.
      steps: int. The step after the last.

    Raises:
      ValueError: if a size or a step is not legal, or as `real_sampler` does.
    """
    check_count(shape[1], "batch_size", 1)
    check_count(start_step, "start_step")
    numbers = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max if steps is None else steps)
    # AutoGraph takes longer to read what makes a batch than TensorFlow takes to trace it.
    unread = tf.autograph.experimental.do_not_convert
    if isinstance(real, tf.data.Dataset):
        count = shape[0] * shape[1]
        drawn = real.unbatch().repeat().batch(count, drop_remainder=True).skip(start_step)

        def numbered(step, parts):
            return batch_of(step, keras.tree.map_structure(shaped, parts))

        def shaped(part):
            return tf.reshape(part, (*shape, *part.shape[1:]))

        batches = tf.data.Dataset.zip(numbers, drawn).map(unread(numbered), num_parallel_calls=2)
    else:
        draw = real_sampler(real)
        batches = numbers.map(
            unread(lambda step: batch_of(step, draw(shape, step, step_seed(base, step)))),
            num_parallel_calls=2,
        )
    return batches.prefetch(4)


def uniform_rows(shape, seed, **options):
    """Uniform random numbers for a batch, or for the rows of it that this replica has.

    Where several devices share a batch, each row has the number that it has on one device.
    `shape` begins with the rows of this replica; `options` are of `tf.random.stateless_uniform`.
    """
    context = tf.distribute.get_replica_context()
    replicas = 1 if context is None else context.num_replicas_in_sync
    if replicas == 1:
        return tf.random.stateless_uniform(shape, seed, **options)
    whole = tf.random.stateless_uniform((shape[0] * replicas, *shape[1:]), seed, **options)
    first = context.replica_id_in_sync_group * shape[0]
    return whole[first : first + shape[0]]


def is_distribution(real) -> bool:
    """Returns whether real samples are drawn of a distribution; a data frame has `sample`, too."""
    return hasattr(real, "sample") and not hasattr(real, "__len__")


def real_sampler(real):
    """Returns a function that draws the real samples of a step.

    Args:
      real: a tfd.Distribution, an array, or a dict of arrays with one leading dimension. Arrays
        are gone through in a new random order each epoch; a mapped one (`np.memmap`) stays on disk,
        and each batch reads its own rows.

    Returns:
      callable. ``draw((critic_steps, batch_size), step, seed)`` returns a tensor or a dict of
      tensors of shape ``(critic_steps, batch_size, ...)``.

    Raises:
      ValueError: if the arrays are empty, of several lengths, or hold no finite numbers.
    """
    if is_distribution(real):
        return lambda shape, step, seed: real.sample(shape, seed=seed)
    sizes = {len(part) for part in keras.tree.flatten(real)}
    if len(sizes) != 1 or not min(sizes):
        raise ValueError(
            f"The parts of the real data need one common length above 0; received {sizes}."
        )
    size = sizes.pop()
    # TensorFlow would copy a mapped array into memory.
    arrays = keras.tree.map_structure(
        lambda part: part if isinstance(part, np.memmap) else tf.convert_to_tensor(part), real
    )
    if any(part.dtype == tf.string for part in keras.tree.flatten(arrays)):
        raise ValueError("Real samples are numbers; received text.")
    if not all(map(_is_finite, keras.tree.flatten(arrays))):
        raise ValueError("Real samples are finite numbers; received NaN or infinity.")

    def draw(shape, step, seed):
        count = shape[0] * shape[1]
        position = tf.cast(step, tf.int64) * count + tf.range(count, dtype=tf.int64)
        # The base seed with the epoch's number: each epoch is a permutation of its own.
        epoch = tf.cast(position // size, tf.int32)
        epoch_seeds = tf.stack([tf.fill([count], seed[0]), epoch, tf.zeros_like(epoch)], axis=1)
        # The raw operation: tf.random.experimental.index_shuffle takes one seed for all indices.
        order = tf.raw_ops.RandomIndexShuffle(
            index=tf.cast(position % size, tf.int32), seed=epoch_seeds, max_index=size - 1, rounds=4
        )
        return keras.tree.map_structure(
            lambda array: tf.reshape(_rows(array, order), (*shape, *array.shape[1:])), arrays
        )

    return draw


def _is_finite(array) -> bool:
    if not isinstance(array, np.memmap):
        return not array.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(array)))
    rows = max(1, _BLOCK // max(1, array[:1].size))
    blocks = range(0, len(array), rows) if array.dtype.kind == "f" else ()
    return all(np.isfinite(array[start : start + rows]).all() for start in blocks)


def sizes_of(real):
    """Returns the number of real samples and the size of their batches, each None if not known."""
    if is_distribution(real):
        return None, None
    if not isinstance(real, tf.data.Dataset):
        return min(len(part) for part in keras.tree.flatten(real)), None
    size = keras.tree.flatten(real.element_spec)[0].shape[0]
    batches = int(real.cardinality())
    if size is None or not batches:
        first = next(iter(real), None)
        if first is None:
            raise ValueError(f"There are no real samples: {real!r} is empty.")
        size = len(keras.tree.flatten(first)[0])
    return (None if batches < 0 else batches * size), size


def _rows(array, order):
    if not isinstance(array, np.memmap):
        return tf.gather(array, order)
    return tf.numpy_function(
        lambda indices: np.asarray(array[indices]), [order], array.dtype, stateful=False
    )
