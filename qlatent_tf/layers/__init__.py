"""Keras layers of circuits, graphs and images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "circuit.style_circuit": ["StyleCircuit"],
        "graph.gated_sum_pool": ["GatedSumPool"],
        "graph.graph_conv": ["RelationalGraphConv"],
        "image.batch_norm": ["BatchNormalization"],
        "image.resampling_conv": ["ConvMeanPool2D", "UpsampleConv2D"],
    },
)
