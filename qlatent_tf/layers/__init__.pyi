from .circuit.style_circuit import StyleCircuit as StyleCircuit
from .graph.gated_sum_pool import GatedSumPool as GatedSumPool
from .graph.graph_conv import RelationalGraphConv as RelationalGraphConv
from .image.batch_norm import BatchNormalization as BatchNormalization
from .image.resampling_conv import ConvMeanPool2D as ConvMeanPool2D
from .image.resampling_conv import UpsampleConv2D as UpsampleConv2D
from .photonic.interferometer import Interferometer as Interferometer
from .photonic.photonic_sampler import PhotonicSampler as PhotonicSampler
