"""What the rest of the project knows of a data set."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Real samples, how they are judged and how they are drawn.

    Attributes:
      name: str. What was really loaded.
      source: dict of arrays, array or `tfd.Distribution`. The real samples in data space: arrays
        with one leading dimension (in memory or mapped), or a distribution for endless data. A data
        frame becomes an array: what has `sample` is a distribution.
      metrics: tuple of str. The registered metrics used while training unless a configuration
        names others: fast ones.
      evaluation_metrics: tuple of str. Those that score a finished run or a preset unless others
        are named: all that matter, however slow. By default the same.
      provenance: dict. JSON values: where the samples come from, their hash and their counts.
      render: callable. `render(samples)` draws samples of data space into one picture of dtype
        uint8 and shape `(height, width, 3)`.
    """

    name: str
    source: Any = dataclasses.field(repr=False)
    metrics: tuple[str, ...]
    provenance: dict
    render: Callable[[Any], np.ndarray]
    evaluation_metrics: tuple[str, ...] = ()

    def __post_init__(self):
        if hasattr(self.source, "sample") and hasattr(self.source, "__len__"):
            object.__setattr__(self, "source", np.asarray(self.source))
        if not self.evaluation_metrics:
            object.__setattr__(self, "evaluation_metrics", self.metrics)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MoleculeDataset(Dataset):
    """Molecules as graphs.

    `source` is ``{"atoms": int8 (N, k), "bonds": int8 (N, k, k)}``, k places for atoms; the codes
    are those of `qlatent_tf.datasets.molecules.elements`.

    Attributes:
      smiles: frozenset of str. The distinct canonical SMILES of the graphs in `source`.
      plain_smiles: frozenset of str. Those of the graphs that RDKit decodes alone, see
        `graphs_to_smiles`.
      file_smiles: frozenset of str. The distinct canonical SMILES of the file's molecules that have
        a graph, before a graph is made of them: a graph has no place for a hydrogen on nitrogen.
      test: dict as `source`, or None. Held out: not trained on, and in none of the sets above.
    """

    smiles: frozenset[str] = dataclasses.field(repr=False)
    plain_smiles: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    file_smiles: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    test: dict[str, np.ndarray] | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CountDataset(Dataset):
    """Vectors of whole numbers, drawn from a distribution with known probabilities.

    `source` is a `tfd.Distribution` of float32 vectors.

    Attributes:
      total_law: float array, shape `(largest total + 1,)`. The exact
        distribution of the sum of a vector.
      law: callable, or None where there are too many outcomes. `law()` returns the exact
        `(outcomes, probabilities)`, of shapes `(outcomes, modes)` and `(outcomes,)`.
    """

    total_law: np.ndarray
    law: Callable[[], tuple[np.ndarray, np.ndarray]] | None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ImageDataset(Dataset):
    """Images.

    `source` is a uint8 array of shape `(N, height, width, bands)`, in memory or mapped: data space
    is images as files hold them, values from 0 to 255.

    Attributes:
      bands: tuple of str. What the last axis holds, such as ("red", "green", "blue").
      labels: int64 array, shape `(N,)`, or None. Indices into `class_names`.
      class_names: tuple of str. All the classes that labels may name; empty without labels. Where
        classes were chosen, it still has the others, so that a label means the same in any choice.
      test: uint8 array, shape `(M, height, width, bands)`, or None. Held out: not trained on.
      test_labels: int64 array, shape `(M,)`, or None.
    """

    bands: tuple[str, ...]
    labels: np.ndarray | None = dataclasses.field(default=None, repr=False)
    class_names: tuple[str, ...] = ()
    test: np.ndarray | None = dataclasses.field(default=None, repr=False)
    test_labels: np.ndarray | None = dataclasses.field(default=None, repr=False)
