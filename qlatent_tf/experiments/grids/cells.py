"""The runs of an experiment: latents and sizes in each seed."""

import dataclasses
import re
from collections.abc import Mapping

from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.latent_files import Bank
from qlatent_tf.resolve import resolve, share_circuits

# More than years of training; each is described before the first one is trained.
_MOST_CELLS = 10_000
_TAKEN = frozenset({"latent", "dataset", "seed", "steps", "evaluate_every"})


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a grid.

    Attributes:
      name: str. Names the run's folder. Runs that differ in their steps alone share a name: the
        longer one continues the shorter.
      config: Config. As `resolve` returns it.
      row: dict of str or int. The row of the table that the cell belongs to, which has a cell for
        each seed: what tells it from other rows, in the order of the table's columns.
      bank: Bank. What the latent draws from, made before the run begins; None for no bank. The
        configuration's file is its name: the folder is the grid's.
    """

    name: str
    config: Config
    row: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    bank: Bank | None = None

    @property
    def file_name(self) -> str:
        """The name of the file that holds the finished cell."""
        return f"{self.name}@{self.config.steps}.json"


def seed_by_seed(
    rows,
    seeds: int,
    iterations: int,
    settings=(),
    taken=(),
    decay: bool = False,
    paired: bool = False,
) -> list[Cell]:
    """Returns a cell for each row in each seed, called ``<row>_seed<seed>``.

    The first seed comes first, so that an unfinished table has each row.

    Args:
      rows: sequence of (dict, Config) or (dict, Config, Bank). What tells a row from others, see
        `Cell`, and how it is trained. The dicts' values make the cells' names.
      seeds: int. Seeds 0 to seeds - 1.
      iterations: int. Generator steps; there are twenty evaluations on the way.
      settings: sequence of (key, value). Other changes of the configurations.
      taken: sequence of str. Keys that the experiment sets besides the data set, the seed, the
        steps and the evaluations: `settings` may not hold them.
      decay: bool. Whether learning rates fall to 0 at the last step, unless `settings` differ.
      paired: bool. Whether the rows of a seed share the latent's circuit and the data's.

    Raises:
      ValueError: if a name, a key or a number is not legal, or two rows are the same.
    """
    settings = dict(settings)
    if seeds < 1:
        raise ValueError(f"seeds is a positive number; received {seeds}.")
    if seeds * len(rows) > _MOST_CELLS:
        raise ValueError(
            f"A grid has at most {_MOST_CELLS:,} cells; received {len(rows):,} rows of {seeds:,} "
            "seeds."
        )
    if not rows:
        raise ValueError("There is nothing to train: the options leave no row of the table.")
    refused = (_TAKEN | set(taken)) & set(settings)
    if refused:
        raise ValueError(f"The experiment itself sets {', '.join(sorted(refused))}.")
    if decay:
        settings = {"learning_rate_decay_steps": iterations, **settings}
    found = {}
    for seed in range(seeds):
        for row, config, *bank in rows:
            config = config.override(
                seed=seed,
                steps=iterations,
                evaluate_every=max(iterations // 20, 1),
                **settings,
            )
            if paired:
                config = share_circuits(config)
            words = [re.sub(r"[^\w.]+", "-", str(value)).strip("-") for value in row.values()]
            name = "_".join([*filter(None, words), f"seed{seed}"])
            if name in found:
                raise ValueError(f"Two rows are called {name}; name each latent and option once.")
            found[name] = Cell(name, resolve(config), row, *bank)
    return list(found.values())


def named_code(cells) -> set[str]:
    """Returns the names in the cells' configurations: of code that whoever made them asked for."""
    names = set()
    for cell in cells:
        config = cell.config
        reward = config.model_options.get("reward") or ()
        rewards = [reward] if isinstance(reward, str) else reward
        names.update((config.model, config.latent, config.dataset, *config.metrics, *rewards))
    return names
