"""Scores of molecules that are decoded by RDKit alone, as published code does.

How a graph becomes a molecule is a part of what is measured. By default hydrogens are placed on
aromatic nitrogens where that makes a molecule of the graph (pyrrole); RDKit's sanitisation alone
refuses such graphs: 6 % of those of QM9 and more of generated ones. MolGAN's own code decodes so.

Reference:
  N. De Cao and T. Kipf, "MolGAN: An implicit generative model for small molecular graphs",
  arXiv:1805.11973.
"""

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import decoded_smiles
from qlatent_tf.metrics.frechet import frechet_distance
from qlatent_tf.metrics.molecules.counts import count_molecules, strictly_valid
from qlatent_tf.metrics.molecules.fcd import generated_moments, reference_moments
from qlatent_tf.scores import Score, measured


def plain_decoding(dataset: MoleculeDataset, samples, *, progress: bool = False) -> list[Score]:
    """Counts molecules and measures the FCD where RDKit alone decodes the graphs.

    Novel molecules are those that the data set's file lacks, as MolScore counts: its SMILES are
    compared as they are read, not after a graph was made of them.

    Args:
      dataset: MoleculeDataset. Its `file_smiles` are what is not novel; `plain_smiles` are its own
        molecules, decoded the same way.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``plain_valid_share`` and ``plain_unique_count``, of strictly valid molecules;
      ``plain_parsed_valid_share``, ``plain_parsed_unique_count`` and ``plain_parsed_novel_count``,
      of all that parse; ``parsed_novel_file_count``, the novel ones of the usual decoding;
      ``plain_fcd``, from all molecules of the data set, and ``plain_fcd_alike``, from those that
      RDKit alone decodes. What is not defined is NaN.

    Raises:
      ValueError: if there are no samples, or they are no molecules.
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.
    """
    repaired, plain = decoded_smiles(samples)
    count = len(plain)
    strict = count_molecules(strictly_valid(plain), count, dataset.file_smiles)
    parsed = count_molecules([text for text in plain if text], count, dataset.file_smiles)
    usual = count_molecules([text for text in repaired if text], count, dataset.file_smiles)
    scores = measured(
        {
            "plain_valid_share": strict["valid_share"],
            "plain_unique_count": strict["unique_count"],
            "plain_parsed_valid_share": parsed["valid_share"],
            "plain_parsed_unique_count": parsed["unique_count"],
            "plain_parsed_novel_count": parsed["novel_count"],
            "parsed_novel_file_count": usual["novel_count"],
        },
        num_samples=count,
    )
    generated = generated_moments(plain, Score(metric="plain_fcd", num_samples=count), progress)
    references = {"plain_fcd": dataset.smiles, "plain_fcd_alike": dataset.plain_smiles}
    for metric, known in references.items():
        moments = None if generated is None else reference_moments(dataset, progress, known)
        distance = frechet_distance(moments, generated)
        of = {"reference": dataset.name, "reference_size": len(known), "num_samples": count}
        scores += measured({metric: distance}, **of)
    return scores
