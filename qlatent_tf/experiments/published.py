"""What a paper reports of the model, data and latent of a configuration."""

from qlatent_tf.config import Config
from qlatent_tf.experiments import table1, table2, table2_cifar
from qlatent_tf.resolve import changed_options

_EXPERIMENTS = {
    ("mlp", "quantum"): table1.EXPERIMENT,
    ("mlp", "bernoulli"): table1.EXPERIMENT,
    ("molgan", "qm9"): table2.EXPERIMENT,
    ("resnet", "cifar10"): table2_cifar.EXPERIMENT,
}


def published_figures(config: Config) -> dict | None:
    """Returns the published scores of a run's data and latent, whatever its schedule and model.

    None are published of a latent with other options than the paper's, or of a trained one.

    Args:
      config: Config. As `resolve` returns it.

    Returns:
      dict with ``source``, a line that says whose means they are and over what, and ``figures``: a
      metric's name without sizes -> (mean, standard error over training runs). None if there are
      none.
    """
    experiment = _EXPERIMENTS.get((config.model, config.dataset))
    if experiment is None or changed_options(config, "dataset") or not _is_published(config):
        return None
    figures = experiment.published(
        {
            "data": config.dataset,
            "latent": config.latent,
            "modes": config.latent_options.get("modes"),
            "circuit": "haar",
        }
    )
    source = (
        f"{experiment.citation}: means of {experiment.seeds} training runs of "
        f"{experiment.iterations:,} steps"
    )
    return {"source": source, "figures": figures} if figures else None


def _is_published(config):
    """Whether the latent is fixed, and one of those that the papers have."""
    changed, options = set(changed_options(config, "latent")), config.latent_options
    modes = options.get("modes") or 0
    if options.get("photons") in (None, modes // 2):
        changed.discard("photons")
    if config.model == "molgan":  # Of each width something else is published.
        changed.discard("modes")
    if config.model == "resnet" and modes * (options.get("tiles") or 1) == table2_cifar.WIDTH:
        changed -= {"modes", "tiles"}
    return not changed and not config.train_circuit
