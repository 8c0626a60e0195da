"""Chemical properties of the generated molecules: their means, and their distributions.

References:
  G. R. Bickerton et al., "Quantifying the chemical beauty of drugs", Nature Chemistry 4 (2012).
  S. A. Wildman and G. M. Crippen, "Prediction of physicochemical parameters by atomic
  contributions", Journal of Chemical Information and Computer Sciences 39 (1999).
  P. Ertl and A. Schuffenhauer, "Estimation of synthetic accessibility score of drug-like
  molecules", Journal of Cheminformatics 1, 8 (2009).
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
import rdkit
import scipy.stats
from rdkit import Chem, rdBase
from rdkit.Chem import QED, Crippen
from rdkit.Contrib.SA_Score import sascorer  # pyright: ignore[reportMissingImports]

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules.counts import distinct_valid
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score, measured
from qlatent_tf.text.names import did_you_mean
from qlatent_tf.text.progress import progress_bar

PROPERTIES = ("qed", "logp", "sa")


def molecule_properties(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Averages QED, logP and the synthetic accessibility over the distinct valid molecules.

    Valid is meant strictly: one fragment, no wildcard. Each distinct molecule counts once.

    Args:
      dataset: MoleculeDataset. Unused: these are properties of the generated molecules alone.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show a progress bar.

    Returns:
      ``qed`` from 0 to 1 (best), ``logp`` (Crippen's octanol-water partition coefficient) and
      ``sa`` from 1 (easy to make) to 10. NaN if no molecule is valid.
    """
    del dataset
    smiles = graphs_to_smiles(samples)
    table = property_table(distinct_valid(smiles), progress=progress)
    means = table.mean(axis=0) if len(table) else np.full(len(PROPERTIES), np.nan)
    return measured(dict(zip(PROPERTIES, means, strict=True)), num_samples=len(smiles))


def molecule_property_distances(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Compares the distributions of QED, logP and the synthetic accessibility with the data's.

    Distinct strictly valid molecules are compared with the distinct ones of the data set by the
    Wasserstein distance, which is in the units of the property:

        W_1 = integral |F(x) - G(x)| dx,  F and G the cumulative distributions

    The properties of the data set are computed once (two minutes for QM9) and kept in the cache
    folder.

    Args:
      dataset: MoleculeDataset.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``qed_distance``, ``logp_distance`` and ``sa_distance``. NaN if no molecule is valid.
    """
    smiles = graphs_to_smiles(samples)
    table = property_table(distinct_valid(smiles), progress=progress)
    reference = _reference_properties(dataset, progress)
    distances = {
        f"{name}_distance": (
            scipy.stats.wasserstein_distance(reference[name], column) if len(column) else math.nan
        )
        for name, column in zip(PROPERTIES, table.T, strict=True)
    }
    return measured(
        distances,
        reference=dataset.name,
        reference_size=len(dataset.smiles),
        num_samples=len(smiles),
    )


def property_table(
    smiles: Sequence[str], *, progress: bool = False, label: str = "Molecule properties"
) -> np.ndarray:
    """Returns QED, logP and the synthetic accessibility of each SMILES.

    Args:
      smiles: sequence of str. SMILES that parse.
      progress: bool. Whether to show a progress bar.
      label: str. What the progress bar is about.

    Returns:
      float array, shape `(n, 3)`; the columns are `PROPERTIES`.
    """
    bar = progress_bar(smiles, desc=label, unit=" molecules", shown=progress)
    with rdBase.BlockLogs():
        rows = [_properties_of(text) for text in bar]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(PROPERTIES))


def property_values(smiles: Sequence[str], name: str, *, progress: bool = False) -> np.ndarray:
    """Returns a property of each SMILES.

    Args:
      smiles: sequence of str. SMILES that parse.
      name: str. One of `PROPERTIES`, or a descriptor of RDKit, such as ``MolWt`` or ``TPSA``.
      progress: bool. Whether to show a progress bar.

    Returns:
      float array, shape `(n,)`.

    Raises:
      ValueError: if there is no such property.
    """
    name = check_property(name)
    if name in PROPERTIES:
        return property_table(smiles, progress=progress)[:, PROPERTIES.index(name)]
    function = _descriptors()[name]
    bar = progress_bar(smiles, desc=name, unit=" molecules", shown=progress)
    with rdBase.BlockLogs():
        return np.array([function(Chem.MolFromSmiles(text)) for text in bar], dtype=np.float64)


def check_property(name: str) -> str:
    """Returns a property's name as RDKit or `PROPERTIES` spell it, whatever the case.

    Raises:
      ValueError: if there is no such property.
    """
    if not isinstance(name, str):
        raise ValueError(f"A property is named by a text; received {name!r}.")
    if name.lower() in PROPERTIES:
        return name.lower()
    known = {one.lower(): one for one in (*_descriptors(), *PROPERTIES)}
    try:
        return known[name.lower()]
    except KeyError:
        raise ValueError(
            f"Unknown property {name!r}.{did_you_mean(name, known.values())} Known: "
            f"{', '.join(PROPERTIES)}, and the descriptors of rdkit.Chem.Descriptors, such as "
            "MolWt, TPSA or NumHDonors."
        ) from None


def _descriptors() -> dict:
    # It imports some hundred modules, which only those who ask for a descriptor need.
    from rdkit.Chem import Descriptors

    return dict(Descriptors.descList)


def properties(molecule: Chem.Mol) -> tuple[float, float, float]:
    """Returns QED, logP and the synthetic accessibility score of a sanitised molecule."""
    logp = Crippen.MolLogP(molecule)  # pyright: ignore[reportAttributeAccessIssue]
    return QED.qed(molecule), logp, sascorer.calculateScore(molecule)


# Several metrics ask for the same molecules, and a generator makes many of them again.
@functools.lru_cache(maxsize=1 << 15)
def _properties_of(smiles: str) -> tuple[float, float, float]:
    return properties(Chem.MolFromSmiles(smiles))


def _reference_properties(dataset: MoleculeDataset, progress: bool) -> dict[str, np.ndarray]:
    def make(smiles):
        label = f"Properties of {dataset.name}"
        table = property_table(smiles, progress=progress, label=label)
        columns: dict[str, np.ndarray] = dict(zip(PROPERTIES, table.T, strict=True))
        return columns

    return reference_arrays(dataset, "properties", rdkit.__version__, make)
