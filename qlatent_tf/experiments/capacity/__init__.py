"""How wide a classical network must be to match a circuit."""

from qlatent_tf.experiments.capacity.study import cells, prepare, write_results
