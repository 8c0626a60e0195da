"""The experiments by their names, in the order in which the command line lists them."""

from qlatent_tf.experiments import figure2, joint, mixture, table1, table2, table2_cifar, theorem1
from qlatent_tf.experiments.capacity import study

EXPERIMENTS = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (table1, figure2, mixture, theorem1, table2, table2_cifar, study)
}
EXPERIMENTS.update(
    {experiment.name: experiment for experiment in (joint.EXPERIMENT, joint.MOLECULES)}
)
