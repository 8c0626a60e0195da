"""Classical latents that share some of the boson latent's statistics and lack the others.

======================  ===========================================  ==========================
control                 shares with the boson distribution           breaks
======================  ===========================================  ==========================
dirichlet_multinomial   means, photon number, total variance         which modes bunch together
negative_binomial       means, variances                             all correlations, total
shuffled                the distribution of each mode                all correlations, total
copula                  the distribution of each mode, pairs partly  higher orders, total
======================  ===========================================  ==========================

Each builder takes the options of `boson` and matches the latent that `boson` makes of them.
"""

from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from qlatent_tf.latents.controls.dirichlet_photons import check_one_total, match_moments
from qlatent_tf.latents.controls.gaussian_copula import (
    count_covariance,
    fit_correlation,
    normal_thresholds,
)
from qlatent_tf.latents.photons import CENTRING_SAMPLES, boson
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.registry import takes_options_of

if TYPE_CHECKING:
    import tensorflow as tf

    from qlatent_tf.latents.boson_sampling import BosonSampling
    from qlatent_tf.latents.controls.count_control import CountControl

# A negative binomial with this many failures a photon is a Poisson distribution, to 1e-4 of its
# variance.
_MOST_FAILURES = 1e4


@takes_options_of(boson)
def dirichlet_multinomial(center: bool, **options) -> "CountControl":
    """Photons that bunch in random modes: a Dirichlet-multinomial distribution in each circuit.

    It shares with the boson distribution the mean of each mode, the number of photons and the sum
    of the variances; it breaks the interference: all pairs of modes are correlated by one formula.

    With n photons, mean n p_i and concentration A it has the covariance

        n (d_ij p_i - p_i p_j) (n + A) / (1 + A) .

    The boson mean gives p and the sum of the boson variances gives A, see `match_moments`.
    Averaged over all circuits, boson sampling itself is the Dirichlet-multinomial with A = m and
    p_i = 1 / m: all outcomes are equally likely. Photons that hardly interfere vary less than
    any such law: it is then as good as multinomial. Photons that are lost go to one more mode,
    which is not shown.

    Options and result as for `boson`; number-resolving detectors, and dark counts or a
    post-selection only with one total.
    """
    import tensorflow as tf
    import tensorflow_probability as tfp

    from qlatent_tf.latents.controls.count_control import CountControl

    devices = boson(**options, center=False).devices
    total = check_one_total(devices[0])
    tiles = [
        match_moments(total, *_device_moments(device), lossy=bool((device.transmission < 1).any()))
        for device in devices
    ]
    shown, width = devices[0].modes, devices[0].modes * len(tiles)
    concentration = tf.constant([tile.concentration for tile in tiles], tf.float64)
    edges = _edges(np.stack([tile.share for tile in tiles]))

    def draw(n, seed):
        # TFP's Dirichlet distribution differs between eager mode and tf.data under one seed, and
        # loses small concentrations to underflow: this is Polya's urn, which is the same
        # distribution.
        mode_seed, urn_seed = tfp.random.split_seed(seed, salt="DirichletMultinomial")
        modes = tf.unstack(_draw_by_inversion([n, total], edges, mode_seed), axis=1)
        urn = tf.random.stateless_uniform([n, total, len(tiles)], urn_seed, dtype=tf.float64)
        for photon in range(1, total):
            ball = urn[:, photon] * (concentration + photon) - concentration
            earlier = tf.clip_by_value(tf.cast(ball, tf.int32), 0, photon - 1)
            joined = tf.gather(tf.stack(modes[:photon], axis=-1), earlier, axis=2, batch_dims=2)
            modes[photon] = tf.where(ball < 0, modes[photon], joined)
        drawn = tf.one_hot(tf.stack(modes, axis=-1), edges.shape[1] + 1)
        counts = tf.reduce_sum(drawn, axis=-2)
        return tf.reshape(counts[:, :, :shown], [-1, width])

    return CountControl(
        draw,
        np.concatenate([tile.mean[:shown] for tile in tiles]),
        _block_diagonal([tile.covariance[:shown, :shown] for tile in tiles]),
        center,
        name="DirichletMultinomial",
    )


@takes_options_of(boson)
def negative_binomial(center: bool, **options) -> "CountControl":
    """Independent negative binomial counts.

    It shares with the boson distribution the mean and the variance of each mode; it breaks all
    correlations between modes, and with them the fixed number of photons.

    With mean u and variance v > u a mode has u^2 / (v - u) failures. Where v <= u (few photons,
    or ones that hardly interfere) no negative binomial has that variance; the mode is then as
    good as Poisson, with variance u.

    Options and result as for `boson`.
    """
    from scipy.stats import nbinom

    from qlatent_tf.latents.controls.count_control import CountControl

    mean, covariance = _moments(boson(**options, center=False))
    variance = np.diag(covariance)
    seen = np.maximum(mean, 1e-12)
    failures = seen**2 / np.maximum(variance - mean, seen / _MOST_FAILURES)
    law = nbinom(failures[:, None], failures[:, None] / (failures + seen)[:, None])
    # Beyond, no count is reached by a uniform number, which has 53 bits.
    most = int(law.isf(2.0**-54).max())
    edges = law.cdf(np.arange(most))
    return CountControl(
        lambda n, seed: _draw_by_inversion([n], edges, seed),
        mean,
        np.diag(mean + mean**2 / failures),
        center,
        name="NegativeBinomial",
    )


@takes_options_of(boson)
def shuffled(center: bool, **options) -> "CountControl":
    """Boson samples with each column shuffled on its own.

    It shares with the boson distribution the whole distribution of each mode; it breaks all
    correlations between modes, and with them the fixed number of photons.

    It draws modes independently from their exact distributions, which is what shuffling the columns
    of infinitely many samples gives. Where a post-selection or second photons leave these without a
    closed form, they are those of 10,000 samples, and a warning says so.

    Options and result as for `boson`.
    """
    from qlatent_tf.latents.controls.count_control import CountControl

    law = _marginals(boson(**options, center=False))
    mean, variance = _marginal_moments(law)
    return CountControl(
        lambda n, seed: _draw_by_inversion([n], _edges(law), seed),
        mean,
        np.diag(variance),
        center,
        name="Shuffled",
    )


@takes_options_of(boson)
def copula(center: bool, **options) -> "CountControl":
    """Correlated normal numbers, cut into counts: a Gaussian copula.

    It shares with the boson distribution the whole distribution of each mode and, as far as normal
    numbers can have them, the pair correlations; it breaks correlations of three and more modes,
    and the fixed number of photons.

    Mode i counts the thresholds that a standard normal number exceeds, where the thresholds are the
    quantiles of the boson distribution of that mode. The correlation of the normal numbers is
    solved, pair by pair, from the formula in `gaussian_copula`, so that the counts have the boson
    covariance. Fixed totals are beyond a copula, so the matrix of all r has a negative eigenvalue
    for each circuit; it is raised to zero and the diagonal is scaled back. At 8 photons in 16 modes
    this keeps the pattern of the covariances (they correlate by 0.98 with the boson's) and two
    thirds of their size. What is left is computed exactly: it is `covariance()`. Distributions of
    modes without a closed form are those of 10,000 samples, as for `shuffled`.

    Options and result as for `boson`.
    """
    import tensorflow as tf
    import tensorflow_probability as tfp

    from qlatent_tf.latents.controls.count_control import CountControl

    latent = boson(**options, center=False)
    law = _marginals(latent)
    mean, variance = _marginal_moments(law)
    thresholds = normal_thresholds(law)
    correlation = fit_correlation(thresholds, _moments(latent)[1])
    covariance = count_covariance(thresholds, correlation)
    np.fill_diagonal(covariance, variance)
    base = tfp.distributions.MultivariateNormalTriL(
        scale_tril=tf.constant(np.linalg.cholesky(correlation), tf.float32)
    )
    limits = tf.constant(thresholds, tf.float32)

    def draw(n, seed):
        normal = base.sample(n, seed=seed)
        return tf.reduce_sum(tf.cast(normal[..., None] > limits, tf.int32), axis=-1)

    return CountControl(draw, mean, covariance, center, name="Copula")


def _edges(law: np.ndarray) -> np.ndarray:
    return np.cumsum(law, axis=1)[:, :-1]


def _draw_by_inversion(shape: list, edges: np.ndarray, seed) -> "tf.Tensor":
    """Returns independent counts, one for each row of `edges`, int32 of shape [*shape, rows].

    Row i holds P(count <= 0), P(count <= 1), ... of count i. A uniform number decides each draw, so
    the first draws do not depend on how many follow. TFP's distributions do not see to that, and
    in TensorFlow's stateless_categorical the rows of a batch are shifted copies of each other.
    """
    import tensorflow as tf

    uniform = tf.random.stateless_uniform([*shape, len(edges)], seed, dtype=tf.float64)
    flat = tf.transpose(tf.reshape(uniform, [-1, len(edges)]))
    counts = tf.searchsorted(tf.constant(edges, tf.float64), flat, side="right")
    return tf.reshape(tf.transpose(counts), tf.shape(uniform))


def _moments(latent: "BosonSampling") -> tuple[np.ndarray, np.ndarray]:
    means, covariances = zip(*map(_device_moments, latent.devices), strict=True)
    return np.concatenate(means), _block_diagonal(covariances)


def _device_moments(device) -> tuple[np.ndarray, np.ndarray]:
    try:
        return device.mean(), device.covariance()
    except NoClosedForm as error:
        rows = _stand_in_rows(device, error)
        return rows.mean(axis=0), np.cov(rows.T, bias=True).reshape(2 * rows.shape[1:])


def _marginals(latent: "BosonSampling") -> np.ndarray:
    """Returns the probability of each count in each mode, shape (width, most + 1)."""
    from qlatent_tf.quantum.devices.marginals import photon_marginals

    laws = []
    for device in latent.devices:
        try:
            laws.append(photon_marginals(device))
        except NoClosedForm as error:
            rows = _stand_in_rows(device, error)
            counts = np.arange(int(rows.max()) + 1)
            laws.append((rows[:, :, None] == counts).mean(axis=0))
    most = max(law.shape[1] for law in laws)
    return np.concatenate([np.pad(law, ((0, 0), (0, most - law.shape[1]))) for law in laws])


def _stand_in_rows(device, error: NoClosedForm) -> np.ndarray:
    logging.warning("The control is matched to %d samples: %s", CENTRING_SAMPLES, error)
    return device.sample(CENTRING_SAMPLES, seed=0)


def _marginal_moments(law: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = np.arange(law.shape[1])
    mean = law @ counts
    return mean, law @ counts**2 - mean**2


def _block_diagonal(blocks) -> np.ndarray:
    from scipy.linalg import block_diag

    return np.asarray(block_diag(*blocks))
