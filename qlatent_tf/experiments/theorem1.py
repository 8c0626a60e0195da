"""Is the latent still in the samples? An invertible generator, trained, sampled and undone.

Reference:
  Bacarreza et al., "Quantum latent distributions in deep generative models",
  arXiv 2508.19857, theorem 1.
"""

import dataclasses
from pathlib import Path

import numpy as np

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.experiment import Experiment, Option
from qlatent_tf.experiments.grids.cells import Cell, refuse_taken
from qlatent_tf.resolve import resolve
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage.files import write_json, write_text
from qlatent_tf.text.markdown import markdown_table

_OPTIONS = {"invertible": True, "units": [16, 16], "critic_units": [512, 512]}
_TAKEN = ("latent", "model", "steps", "model_options.invertible")


def cell(latent: str, iterations: int, settings=()) -> Cell:
    """Returns a run of the quantum data with an invertible generator of widths 16.

    Raises:
      ValueError: if a name, a key or a number is not legal.
    """
    # Keras' epsilon, with which the committed result was trained; see `configs.mlp`.
    settings = dict(settings)
    refuse_taken(settings, _TAKEN)
    config = get_config(latent, "keras")
    config = config.override(**{"steps": iterations, "model_options": _OPTIONS, **settings})
    name = f"invertible_{latent.rpartition(':')[2]}_seed{config.seed}"
    return Cell(name, resolve(config))


def measure(name, model, config, step, num_latents: int) -> dict:
    """Draws latents and sends each distinct one through an invertible generator and back.

    Returns:
      dict of JSON values: ``name``, ``latent``, ``step``, ``drawn``, the fields of `Recovery`, and
      the bounds ``lipschitz_generator`` and ``lipschitz_inverse``.

    Raises:
      ValueError: if the generator has no inverse.
    """
    from qlatent_tf.models.invertible import Inverse

    inverse = Inverse(model.generator)
    seed = (derive_seed(config.seed, "theorem 1"), 0)
    latents = np.unique(model.latent.sample(num_latents, seed=seed).numpy(), axis=0)
    bounds = inverse.lipschitz()
    return {
        "name": name,
        "latent": config.latent,
        "step": step,
        "drawn": num_latents,
        **dataclasses.asdict(inverse.check(latents)),
        "lipschitz_generator": bounds.generator,
        "lipschitz_inverse": bounds.inverse,
    }


def write_results(folder, measured: dict) -> None:
    """Writes ``theorem1.md`` and ``theorem1.json``."""
    folder = Path(folder)
    write_text(folder / "theorem1.md", to_markdown(measured))
    write_json(folder / "theorem1.json", measured)


def to_markdown(measured: dict) -> str:
    """Returns what was measured as a table."""
    rows = {
        "distinct latents tried": f"{measured['tried']:,} of {measured['drawn']:,} drawn",
        "recovered (every entry within 1/2)": f"{measured['recovered']:,}",
        "largest error, samples in single precision": f"{measured['largest_error']:.2e}",
        "largest error, samples in double precision": f"{measured['largest_error_double']:.2e}",
        "bound of the former": f"{measured['largest_error_bound']:.2e}",
        "Lipschitz bound of the generator": f"{measured['lipschitz_generator']:.3g}",
        "Lipschitz bound of its inverse": f"{measured['lipschitz_inverse']:.3g}",
    }
    title = (
        f"Theorem 1: {measured['name']}, latent `{measured['latent']}`, step "
        f"{measured['step'] or 0:,}."
    )
    return "\n".join([title, "", *markdown_table(("", ""), rows.items()), ""])


EXPERIMENT = Experiment(
    name="theorem1",
    help="recovers the latent from the samples of an invertible generator",
    citation="Bacarreza et al., theorem 1, see docs/theorem1.md",
    description="Without a SOURCE, an invertible generator is trained on quantum data first.",
    options={
        "latent": Option("boson", "a registered latent, or my_file:my_latent"),
        "iterations": Option(2000, "generator steps"),
        "num_latents": Option(100_000, "latents to draw, of which each distinct one is tried"),
    },
)
