"""The files of someone's own code that a run names, and whether they are still the same."""

from collections.abc import Callable

from absl import logging

from qlatent_tf.cluster.fingerprint import hash_of_module
from qlatent_tf.config import Config
from qlatent_tf.registry import own_module


def code_record(
    config: Config, hash_of: Callable[[str], str | None] = hash_of_module
) -> dict[str, str]:
    """Returns the hash of each module of someone's own that a configuration names, by its name."""
    modules = sorted({own_module(name) for name in config.custom_names})
    return {name: digest for name in modules if (digest := hash_of(name))}


def warn_of_other_code(source, recorded: dict | None, config: Config) -> None:
    """Warns where a module is not as it was when a model's training began.

    A changed comment is no other latent, so that nothing is refused.

    Args:
      source: path or str. The run or the preset.
      recorded: dict. What `code_record` returned then; None where that is unknown.
      config: Config. The model's.
    """
    for name, digest in code_record(config).items():
        if recorded and recorded.get(name, digest) != digest:
            logging.warning(
                "%s has changed since the training of %s began: what it names may be another.",
                name,
                source,
            )
