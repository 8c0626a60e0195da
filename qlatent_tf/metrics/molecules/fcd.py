"""The Frechet ChemNet Distance.

Reference:
  K. Preuer, P. Renz, T. Unterthiner, S. Hochreiter and G. Klambauer, "Frechet ChemNet Distance: A
  metric for generative models for molecules in drug discovery", arXiv:1803.09518.
"""

import dataclasses
from collections.abc import Collection, Sequence

from absl import logging

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.frechet import Moments, frechet_distance, warn_of_low_rank
from qlatent_tf.metrics.molecules import chemnet
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score

# To be raised when the same molecules and weights would give other moments than before.
_VERSION = 2


def fcd(dataset: MoleculeDataset, samples, *, progress: bool = False) -> list[Score]:
    """Compares generated molecules with those of the data set, as ChemNet sees them.

    Both are taken as sets: the distinct SMILES of the data set, all of them, and the distinct
    generated SMILES that parse, ``*`` and ``.`` included, as MolScore counts and the published
    tables on QM9 do. The more distinct molecules, the smaller the distance to expect: scores of
    different numbers of generated molecules are not to be compared.

    The moments of the data set are computed once (three minutes for QM9 on two processor cores)
    and kept in the cache folder.

    Args:
      dataset: MoleculeDataset.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``fcd``, the squared Frechet distance. NaN for less than two distinct molecules on either
      side, which have no covariance.

    Raises:
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.
    """
    chemnet.weights_file()  # A missing package is said before any computation.
    smiles = graphs_to_smiles(samples)
    score = Score(
        metric="fcd",
        reference=dataset.name,
        reference_size=len(dataset.smiles),
        num_samples=len(smiles),
    )
    generated = generated_moments(smiles, score, progress)
    if generated is None:
        return [score]
    distance = frechet_distance(reference_moments(dataset, progress), generated)
    return [dataclasses.replace(score, mean=distance)]


def generated_moments(
    smiles: Sequence[str | None], score: Score, progress: bool = False
) -> Moments | None:
    """Returns the moments of the activations of the distinct SMILES among these.

    Args:
      smiles: sequence of str or None, which is left out.
      score: Score. What they are for, named in warnings.
      progress: bool. Whether to show a progress bar.

    Returns:
      Moments, or None for fewer than two distinct SMILES, with a warning.
    """
    distinct = chemnet.readable(sorted({text for text in smiles if text}))
    if len(distinct) < 2:
        logging.warning(
            "%s is not defined: of %d samples, %d are distinct molecules; 2 are needed.",
            score.key,
            len(smiles),
            len(distinct),
        )
        return None
    warn_of_low_rank(score.key, len(distinct), "distinct molecules", chemnet.WIDTH)
    return Moments.of(chemnet.activations(distinct, progress=progress))


def reference_moments(
    dataset: MoleculeDataset, progress: bool = False, smiles: Collection[str] | None = None
) -> Moments | None:
    """Returns the moments of the activations of a data set's distinct molecules.

    Args:
      dataset: MoleculeDataset.
      progress: bool. Whether to show a progress bar when they are computed.
      smiles: collection of str. The distinct SMILES to take instead of all.

    Returns:
      Moments, or None for fewer than two distinct SMILES, with a warning.
    """
    count = len(dataset.smiles if smiles is None else smiles)
    if count < 2:
        logging.warning(
            "The data set %s has %d distinct molecules to compare with; 2 are needed.",
            dataset.name,
            count,
        )
        return None

    def make(smiles):
        smiles = chemnet.readable(smiles)
        moments = Moments.of(
            chemnet.activations(smiles, progress=progress, label=f"ChemNet on {dataset.name}")
        )
        return {"mean": moments.mean, "covariance": moments.covariance}

    version = f"{_VERSION}/{chemnet.WEIGHTS_SHA256}"
    arrays = reference_arrays(dataset, "chemnet", version, make, smiles)
    return Moments(arrays["mean"], arrays["covariance"], count)
