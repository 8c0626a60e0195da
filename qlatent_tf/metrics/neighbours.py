"""Judges that see collapse and noise: precision, recall, density and coverage.

A distance such as the Frechet distance is one number for two faults. These four tell them apart:
generated samples that are unlike the data lower precision and density, data that the generator
leaves out lower recall and coverage.

References:
  T. Kynkaanniemi, T. Karras, S. Laine, J. Lehtinen and T. Aila, "Improved precision and recall
  metric for assessing generative models", arXiv:1904.06991.
  M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi and J. Yoo, "Reliable fidelity and diversity metrics for
  generative models", arXiv:2002.09797.
"""

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from qlatent_tf.datasets.dataset import Dataset, ImageDataset, MoleculeDataset
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import Score, measured

NEIGHBOURS = 5
# Samples of each side that are compared; the cost is that of all pairs.
MOST = 10_000
_MEGABYTES = 64  # of distances that are held at once


def precision_and_recall(real, generated, neighbours: int = NEIGHBOURS) -> dict[str, float]:
    """Compares two samples by the balls around their points.

    The ball of a point reaches to its k-th nearest neighbour in its own sample. With B(x) the ball
    of x, n real points x_i and m generated points y_j:

        precision = share of the y_j that lie in the ball of some x_i
        recall    = share of the x_i that lie in the ball of some y_j
        density   = 1 / (k m) sum_j (number of the x_i whose ball holds y_j)
        coverage  = share of the x_i whose ball holds some y_j

    All are about 1 for two samples of one distribution, but density may be more; a copy of a few
    data scores precision 1 and recall 0, noise around the data the reverse.

    Args:
      real: float array, shape `(n, width)`. Points of the data, such as features of a network.
      generated: float array, shape `(m, width)`.
      neighbours: int. k, below n and m.

    Returns:
      dict of float: ``precision``, ``recall``, ``density`` and ``coverage``.

    Raises:
      ValueError: if the widths differ, or a side has no more than `neighbours` points.
    """
    real = check_vectors(real)
    generated = check_vectors(generated, width=real.shape[1])
    if not 1 <= neighbours < min(len(real), len(generated)):
        raise ValueError(
            f"neighbours is at least 1 and below the number of points on either side; received "
            f"{neighbours} for {len(real)} and {len(generated)}."
        )
    real_radii, generated_radii = (_radii(points, neighbours) for points in (real, generated))
    in_ball_of_generated, covered = [], []
    holding = np.zeros(len(generated), dtype=np.int64)
    done = 0
    for distances in pairwise_distances_chunked(real, generated, working_memory=_MEGABYTES):
        held = distances <= real_radii[done : done + len(distances), np.newaxis]
        holding += held.sum(axis=0)
        covered.append(held.any(axis=1))
        in_ball_of_generated.append((distances <= generated_radii).any(axis=1))
        done += len(distances)
    return {
        "precision": float(np.mean(holding > 0)),
        "recall": float(np.mean(np.concatenate(in_ball_of_generated))),
        "density": float(holding.mean() / neighbours),
        "coverage": float(np.mean(np.concatenate(covered))),
    }


def vector_neighbours(dataset: Dataset, samples) -> list[Score]:
    """Compares vectors by their coordinates; see `precision_and_recall`.

    Args:
      dataset: Dataset. Its `source` is a distribution, of which 10,000 samples of a fixed seed are
        drawn, or an array of shape `(N, width)`.
      samples: float array, shape `(n, width)`. At most 10,000 are compared.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few samples.
    """
    source = dataset.source
    rows = source.sample(MOST, seed=(0, 0)) if hasattr(source, "sample") else some(source)
    return _scores(dataset, np.asarray(rows), some(check_vectors(samples)), len(samples), None)


def molecule_neighbours(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Compares distinct molecules by ChemNet's activations; see `precision_and_recall`.

    Args:
      dataset: MoleculeDataset. At most 10,000 of its distinct molecules are compared, whose
        activations are kept in the cache folder.
      samples: dict. `atoms`, int of shape `(n, 9)`, and `bonds`, int of shape `(n, 9, 9)`. The
        distinct SMILES that parse are compared, as by `fcd`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few molecules.

    Raises:
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.
    """
    from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
    from qlatent_tf.metrics.molecules import chemnet
    from qlatent_tf.metrics.reference_cache import reference_arrays

    smiles = graphs_to_smiles(samples)
    distinct = some(np.array(sorted({text for text in smiles if text}), dtype=object)).tolist()
    count = min(len(dataset.smiles), MOST)

    def make(known):
        kept = some(np.array(known, dtype=object)).tolist()
        return {"rows": chemnet.activations(kept, progress=progress, label="ChemNet")}

    def check(arrays):
        if arrays["rows"].shape != (count, chemnet.WIDTH):
            raise ValueError(f"it has activations of shape {arrays['rows'].shape}")

    version = f"1/{count}/{chemnet.WEIGHTS_SHA256}"
    rows = reference_arrays(dataset, "chemnet_rows", version, make, check)["rows"]
    generated = np.zeros((0, chemnet.WIDTH), np.float32)
    if distinct:
        generated = chemnet.activations(distinct, progress=progress)
    return _scores(dataset, rows, generated, len(smiles), "chemnet")


def classifier_neighbours(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Compares images by the features of the preset `cifar_classifier`; see `image_neighbours`."""
    from qlatent_tf.metrics.images.classifier_scores import PRESET, classifier_network

    return image_neighbours(dataset, samples, classifier_network(PRESET), progress=progress)


def inception_neighbours(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Compares images by the features of Inception; see `image_neighbours`."""
    from qlatent_tf.metrics.images.inception import inception_network

    bands = np.shape(dataset.source)[-1] if np.ndim(dataset.source) == 4 else 3
    return image_neighbours(dataset, samples, inception_network(bands), progress=progress)


def image_neighbours(dataset: ImageDataset, images, network, *, progress=False) -> list[Score]:
    """Compares images by the features of a network; see `precision_and_recall`.

    Args:
      dataset: ImageDataset. At most 10,000 of its training images are compared.
      images: uint8 array, shape `(n, height, width, bands)`. At most 10,000 are compared.
      network: FeatureNetwork. Named in each score.
      progress: bool. Whether to show progress bars.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few images.
    """
    from qlatent_tf.metrics.images.scores import reference_features

    network.check(images)
    _, kept = reference_features(dataset, network, progress)
    parts = [rows for rows, _ in network.activations(some(images), progress=progress)]
    features = np.concatenate(parts) if parts else np.zeros((0, network.width), np.float32)
    return _scores(dataset, kept[:MOST], features, len(images), network.name)


def some(rows, most: int = MOST):
    """Returns at most so many rows, chosen at random by their number alone."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(len(rows)).choice(len(rows), most, replace=False))]


def _scores(dataset, real, generated, num_samples, network):
    if min(len(real), len(generated)) <= NEIGHBOURS:
        names = ("precision", "recall", "density", "coverage")
        found: dict[str, float] = dict.fromkeys(names, np.nan)
    else:
        found = precision_and_recall(real, generated)
    return measured(
        found,
        reference=dataset.name,
        reference_size=len(real),
        network=network,
        num_samples=num_samples,
    )


def _radii(points, neighbours):
    """The distance of each point to its k-th nearest neighbour among the others."""
    search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(points)
    return search.kneighbors()[0][:, -1]
