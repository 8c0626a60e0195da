from qlatent_tf.quantum.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.fock_table import FockTable, exact_distribution, table_bytes
from qlatent_tf.quantum.permanents import permanent, permanents
from qlatent_tf.quantum.sampler import BosonSampler
