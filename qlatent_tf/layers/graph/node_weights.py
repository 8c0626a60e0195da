"""How much each node of a graph counts, from what a layer receives as its mask."""

from keras import ops


def node_weights(mask, dtype):
    """Returns the weights of the nodes, to multiply node features by.

    Args:
      mask: None, or a tensor of shape ``([batch], n_nodes)``: Boolean, False for a node that is
        not there, or real weights. Or a list whose first member is one of these: under Keras 3 a
        layer of several inputs receives a mask for each, ``[None, None]`` where none is set, and
        that of the node features is the first.
      dtype: str. The dtype of the features.

    Returns:
      Tensor of shape ``([batch], n_nodes, 1)``, or None where all nodes count in full.
    """
    mask = first_mask(mask)
    return None if mask is None else ops.expand_dims(ops.cast(mask, dtype), -1)


def first_mask(mask):
    """Returns the mask of the node features, of one mask or a list with one for each input."""
    return mask[0] if isinstance(mask, (list, tuple)) else mask
