"""The experiments by their names, in the order in which the command line lists them."""

from qlatent_tf.experiments import figure2, mixture, table1, table2, table2_cifar, theorem1
from qlatent_tf.experiments.capacity import study
from qlatent_tf.experiments.studies import interference, invertibility, joint, noise, origins

_PUBLISHED = (table1, figure2, mixture, theorem1, table2, table2_cifar, study)
_OURS = (noise, interference, origins, invertibility, joint)
EXPERIMENTS = {module.EXPERIMENT.name: module.EXPERIMENT for module in (*_PUBLISHED, *_OURS)}
EXPERIMENTS[joint.MOLECULES.name] = joint.MOLECULES
