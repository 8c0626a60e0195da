"""Mean chemical properties of the generated molecules.

References:
  G. R. Bickerton et al., "Quantifying the chemical beauty of drugs", Nature Chemistry 4 (2012).
  S. A. Wildman and G. M. Crippen, "Prediction of physicochemical parameters by atomic
  contributions", Journal of Chemical Information and Computer Sciences 39 (1999).
  P. Ertl and A. Schuffenhauer, "Estimation of synthetic accessibility score of drug-like
  molecules", Journal of Cheminformatics 1, 8 (2009).
"""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tqdm
from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import QED, Crippen

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecule_graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules import strictly_valid
from qlatent_tf.metrics.names import sized
from qlatent_tf.registry import metrics


@metrics.register("molecule_properties")
def molecule_properties(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> dict[str, float]:
    """Averages QED, logP and the synthetic accessibility over the distinct valid molecules.

    Valid is meant strictly: one fragment, no wildcard. Each distinct molecule counts once.

    Args:
      dataset: MoleculeDataset. Unused: these are properties of the generated molecules alone.
      samples: dict. `atoms`, int of shape `(n, 9)`, and `bonds`, int of shape `(n, 9, 9)`.
      progress: bool. Whether to show a progress bar.

    Returns:
      ``qed`` from 0 to 1 (best), ``logp`` (Crippen's octanol-water partition coefficient) and
      ``sa`` from 1 (easy to make) to 10. NaN if no molecule is valid.
    """
    del dataset
    smiles = graphs_to_smiles(samples)
    distinct = sorted(set(strictly_valid(smiles)))
    with rdBase.BlockLogs():
        rows = [
            properties(Chem.MolFromSmiles(text))
            for text in tqdm.tqdm(
                distinct, desc="Molecule properties", disable=not progress, leave=False
            )
        ]
    means = np.mean(rows, axis=0) if rows else np.full(3, np.nan)
    return sized(dict(zip(("qed", "logp", "sa"), means, strict=True)), len(smiles))


def properties(molecule: Chem.Mol) -> tuple[float, float, float]:
    """Returns QED, logP and the synthetic accessibility score of a sanitised molecule."""
    return QED.qed(molecule), Crippen.MolLogP(molecule), _accessibility_score()(molecule)


@functools.cache
def _accessibility_score() -> Callable[[Chem.Mol], float]:
    """Returns the scorer that comes with RDKit, which is a file beside the library."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("qlatent_tf_sascorer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.calculateScore
