"""Scores of molecules of your own: SMILES in, numbers out.

A SMILES that does not parse is never scored in silence: it is counted, or it is refused.
"""

import functools
import re
from collections.abc import Iterable, Sequence

import numpy as np
from absl import logging
from rdkit import Chem, rdBase

from qlatent_tf.datasets.molecules.graphs import list_of_smiles, parse_smiles
from qlatent_tf.metrics.frechet import Moments, frechet_distance, warn_of_low_rank
from qlatent_tf.metrics.molecules.counts import count_molecules, strictly_valid
from qlatent_tf.metrics.molecules.diversity import mean_dissimilarity
from qlatent_tf.metrics.molecules.properties import property_table


def frechet_chemnet_distance(
    smiles: Iterable[str],
    reference: Iterable[str],
    *,
    drop_invalid: bool = False,
    progress: bool = False,
) -> float:
    """Returns the Fréchet ChemNet Distance of two samples of molecules.

    Both are taken as they are: a molecule that comes twice counts twice. The published tables on
    QM9, and the metric `fcd`, compare distinct molecules: pass each SMILES once for those.
    Distances of different numbers of molecules are not to be compared.

    Args:
      smiles: iterable of str. The molecules to score.
      reference: iterable of str. The molecules to compare with.
      drop_invalid: bool. Whether to leave out SMILES that do not parse, with a warning that says
        how many, rather than to refuse them.
      progress: bool. Whether to show progress bars.

    Returns:
      float, from 0.

    Raises:
      ValueError: if a SMILES does not parse, with the number of those, or fewer than two are left.
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.

    Reference:
      Preuer et al., Frechet ChemNet Distance, arXiv 1803.09518.

    Example:
      >>> frechet_chemnet_distance(["CCO", "CCN", "CC=O"], ["CCO", "CCC", "C1CC1"])
    """
    first = _canonical(smiles, "smiles", drop_invalid)
    second = _canonical(reference, "reference", drop_invalid)
    return frechet_distance(
        _chemnet_moments(first, "smiles", progress), _chemnet_moments(second, "reference", progress)
    )


def molecule_counts(
    smiles: Iterable[str | None],
    known: Iterable[str] | None = None,
    *,
    stereo: bool = True,
    strict: bool = True,
    drop_invalid: bool = False,
) -> dict[str, float]:
    """Counts valid, unique and novel molecules, and their shares.

    With n SMILES: ``valid_share = valid_count / n``, ``unique_share = unique_count / valid_count``
    and ``novel_share = novel_count / unique_count``. Molecules are compared by RDKit's canonical
    SMILES. A share of nothing is NaN.

    Args:
      smiles: iterable of str. Generated molecules; what does not parse, None among it, is invalid.
      known: iterable of str. The molecules that are not novel. Without them nothing is said of
        novelty.
      stereo: bool. Whether molecules differ by stereochemistry and isotopes. Those that are made
        of graphs have neither: compared with known ones that have, they would all be novel. The
        metric `molecules` compares without.
      strict: bool. Whether a valid molecule is one fragment without the wildcard ``*``. Otherwise
        all that parse are valid.
      drop_invalid: bool. Whether to leave out known SMILES that do not parse, with a warning.

    Returns:
      dict of float: counts and shares.

    Raises:
      ValueError: if there are no SMILES, or a known one does not parse.

    Example:
      >>> molecule_counts(["CCO", "OCC", "C(", "CN"], known=["CN"])
      {'valid_count': 3, 'valid_share': 0.75, 'unique_count': 2, ...}

    Reference:
      De Cao and Kipf, MolGAN, arXiv 1805.11973.
    """
    texts = [_canonical_smiles(text, stereo) for text in list_of_smiles(smiles, "smiles")]
    valid = strictly_valid(texts) if strict else [text for text in texts if text]
    training = set() if known is None else set(_canonical(known, "known", drop_invalid, stereo))
    if stereo and valid and _have_stereo(training) and not _have_stereo(valid):
        logging.warning(
            "Some known molecules have stereochemistry or isotopes, no generated one has: "
            "stereo=False compares them without."
        )
    counts = count_molecules(valid, len(texts), training)
    if known is None:
        return {name: count for name, count in counts.items() if not name.startswith("novel")}
    return counts


def internal_diversity(
    smiles: Iterable[str], *, drop_invalid: bool = False, progress: bool = False
) -> float:
    """Returns how unlike each other the distinct molecules of a sample are.

    It is 1 minus the mean Tanimoto similarity of Morgan fingerprints, of radius 2 and 2048 bits,
    over all pairs of distinct molecules.

    Args:
      smiles: iterable of str.
      drop_invalid: bool. Whether to leave out SMILES that do not parse, with a warning.
      progress: bool. Whether to show a progress bar.

    Returns:
      float, from 0 to 1; NaN for less than two distinct molecules.

    Raises:
      ValueError: if a SMILES does not parse.

    Reference:
      Benhenda, ChemGAN challenge for drug discovery, arXiv 1708.08227.
    """
    return mean_dissimilarity(sorted(set(_canonical(smiles, "smiles", drop_invalid))), progress)


def molecule_property_table(smiles: Iterable[str], *, progress: bool = False) -> np.ndarray:
    """Returns QED, logP and the synthetic accessibility of each molecule.

    Args:
      smiles: iterable of str.
      progress: bool. Whether to show a progress bar.

    Returns:
      float array, shape `(n, 3)`: QED from 0 to 1 (best), Crippen's logP, and the synthetic
      accessibility from 1 (easy to make) to 10.

    Raises:
      ValueError: if a SMILES does not parse: a row could not be left out unnoticed.

    References:
      Bickerton et al., Quantifying the chemical beauty of drugs, Nature Chemistry 4 (2012). Wildman
      and Crippen, Prediction of physicochemical parameters by atomic contributions, Journal of
      Chemical Information and Computer Sciences 39 (1999). Ertl and Schuffenhauer, Estimation of
      synthetic accessibility score of drug-like molecules, Journal of Cheminformatics 1, 8 (2009).
    """
    return property_table(_canonical(smiles, "smiles", drop_invalid=None), progress=progress)


def _have_stereo(smiles: Iterable[str]) -> bool:
    return any(re.search(r"[@/\\]|\[\d", text) for text in smiles)


def _canonical(
    smiles: Iterable[str], name: str, drop_invalid: bool | None, stereo: bool = True
) -> list[str]:
    """Returns canonical SMILES; what does not parse is refused, or left out with a warning.

    `drop_invalid` is None where nothing can be left out.
    """
    given = list_of_smiles(smiles, name)
    texts = [_canonical_smiles(text, stereo) for text in given]
    invalid = [text for text, found in zip(given, texts, strict=True) if found is None]
    if invalid:
        said = (
            f"{len(invalid)} of the {len(given)} SMILES in {name} do not parse, "
            f"{invalid[0]!r} first"
        )
        if not drop_invalid:
            advice = "" if drop_invalid is None else " drop_invalid=True leaves such SMILES out."
            raise ValueError(f"{said}.{advice}")
        logging.warning("%s; they are left out.", said)
    return [text for text in texts if text is not None]


# A generator repeats itself.
@functools.lru_cache(maxsize=1 << 17)
def _canonical_smiles(text: str | None, stereo: bool = True) -> str | None:
    """Returns RDKit's SMILES of a molecule with atoms, or None."""
    if not isinstance(text, str) or not text:
        return None
    with rdBase.BlockLogs():
        molecule = parse_smiles(text)
    if molecule is None:
        return None
    if not stereo:
        for atom in molecule.GetAtoms():
            atom.SetIsotope(0)
        molecule = Chem.RemoveHs(molecule)
    return Chem.MolToSmiles(molecule, isomericSmiles=stereo) or None


def _chemnet_moments(smiles: Sequence[str], name: str, progress: bool) -> Moments:
    # Imported here, for it brings TensorFlow, which no other score of molecules needs.
    from qlatent_tf.metrics.molecules import chemnet

    if len(smiles) < 2:
        raise ValueError(f"A covariance needs two molecules; received {len(smiles)} in {name}.")
    distinct, rows = np.unique(np.array(smiles, dtype=object).astype(str), return_inverse=True)
    warn_of_low_rank("A distance", len(distinct), f"distinct molecules in {name}", chemnet.WIDTH)
    return Moments.of(chemnet.activations(distinct.tolist(), progress=progress, label=name)[rows])
