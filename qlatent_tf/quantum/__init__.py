from qlatent_tf.quantum.kernels.permanents import permanent, permanents
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.samplers.fock_table import FockTable, exact_distribution, table_bytes
