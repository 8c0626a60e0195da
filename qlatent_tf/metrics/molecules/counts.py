"""How many generated molecules are molecules, differ from each other, and are new.

Two definitions are in use, and both are reported.

- **Strict**: a SMILES with one fragment and no wildcard. MolGAN's own code calls these valid.
- **Parsed** (metrics that begin with ``parsed_``): every SMILES that parses, ``*`` and ``.``
  included, as MolScore counts. The published tables of "# valid & unique" and "# novel" use it.

In both, a PAD node without bonds is no atom and one with bonds is the wildcard ``*``.

References:
  N. De Cao and T. Kipf, "MolGAN: An implicit generative model for small molecular graphs",
  arXiv:1805.11973.
  M. Thomas et al., "MolScore: a scoring, evaluation and benchmarking framework for generative
  models in de novo drug design", Journal of Cheminformatics 16, 64 (2024).
"""

import math
from collections.abc import Collection, Iterator, Sequence

from rdkit import Chem, rdBase

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.scores import Score, measured
from qlatent_tf.text.progress import progress_bar


def molecules(dataset: MoleculeDataset, samples) -> list[Score]:
    """Counts valid, unique and novel molecules, and their shares, by both definitions.

    Args:
      dataset: MoleculeDataset. Its `smiles` are what is not novel.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.

    Returns:
      For each definition, with ``n`` samples: ``valid_count``, ``unique_count``, ``novel_count``;
      ``valid_share = valid_count / n``, ``unique_share = unique_count / valid_count``,
      ``novel_share = novel_count / unique_count``.

    Raises:
      ValueError: if there are no samples, or they are no molecules.
    """
    smiles = graphs_to_smiles(samples)
    strict = count_molecules(strictly_valid(smiles), len(smiles), dataset.smiles)
    parsed = [text for text in smiles if text is not None]
    parsed = count_molecules(parsed, len(smiles), dataset.smiles)
    parsed = {f"parsed_{metric}": value for metric, value in parsed.items()}
    return measured({**strict, **parsed}, num_samples=len(smiles))


def parsed_molecules(smiles: Sequence[str], label: str, progress: bool) -> Iterator[Chem.Mol]:
    """Yields the molecules of SMILES that parse, under a progress bar of this label."""
    with rdBase.BlockLogs():
        for text in progress_bar(smiles, desc=label, unit=" molecules", shown=progress):
            yield Chem.MolFromSmiles(text)


def strictly_valid(smiles: Sequence[str | None]) -> list[str]:
    """Returns the SMILES of single, whole molecules: those without ``.`` and ``*``."""
    return [text for text in smiles if text and is_whole(text)]


def is_whole(text: str | None) -> bool:
    """Returns whether a SMILES is that of a single, whole molecule; None is of none."""
    return bool(text) and "." not in text and "*" not in text


def distinct_valid(smiles: Sequence[str | None]) -> list[str]:
    """Returns the distinct SMILES of single, whole molecules, sorted."""
    return sorted(set(strictly_valid(smiles)))


def count_molecules(
    valid: Sequence[str], count: int, training: Collection[str]
) -> dict[str, float]:
    """Counts distinct and new SMILES.

    Args:
      valid: sequence of str. Canonical SMILES of the valid molecules, repetitions included.
      count: int. How many were generated.
      training: set of str. Canonical SMILES of the known molecules.

    Returns:
      dict. The counts and shares of `molecules`; a share of nothing is NaN.
    """
    if not count:
        raise ValueError("There is nothing to count; received 0 samples.")
    unique = set(valid)
    novel = sum(text not in training for text in unique)
    return {
        "valid_count": len(valid),
        "valid_share": len(valid) / count,
        "unique_count": len(unique),
        "unique_share": len(unique) / len(valid) if valid else math.nan,
        "novel_count": novel,
        "novel_share": novel / len(unique) if valid else math.nan,
    }
