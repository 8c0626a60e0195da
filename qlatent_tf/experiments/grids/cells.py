"""The runs of an experiment: latents and sizes in each seed."""

import dataclasses
import re
from collections.abc import Mapping

from qlatent_tf.config import Config, reward_names
from qlatent_tf.experiments.grids.latent_files import Bank
from qlatent_tf.registry import own_module
from qlatent_tf.resolve import resolve, share_circuits
from qlatent_tf.text.differences import differences

# More than years of training; each is described before the first one is trained.
_MOST_CELLS = 10_000
_TAKEN = frozenset({"latent", "dataset", "seed", "steps", "evaluate_every"})
_NAMED = ("model", "latent", "dataset")


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
      settings: dict. What whoever asked for the cell changed of the configuration, by key.
    """

    name: str
    config: Config
    row: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    bank: Bank | None = None
    settings: Mapping = dataclasses.field(default_factory=dict)

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
      iterations: int. Generator steps. Evaluations are a twentieth of them apart, a step at least.
      settings: sequence of (key, value). Other changes of the configurations.
      taken: sequence of str. Keys that the experiment sets besides the data set, the seed, the
        steps, the evaluations and what tells its rows apart: `settings` may not change them.
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
    refuse_taken(settings, {*_TAKEN, *taken, *_swept(rows)})
    changes = {"learning_rate_decay_steps": iterations} if decay else {}
    changes |= settings
    found = {}
    for seed in range(seeds):
        for row, config, *bank in rows:
            config = config.override(
                seed=seed,
                steps=iterations,
                evaluate_every=max(iterations // 20, 1),
                **changes,
            )
            if paired:
                config = share_circuits(config)
            name = cell_name(row, seed)
            if name in found:
                raise ValueError(f"Two rows are called {name}; name each latent and option once.")
            found[name] = Cell(name, resolve(config), row, *bank, settings=settings)
    return list(found.values())


def cell_name(row: Mapping, seed: int) -> str:
    """Returns what a cell, and its run's directory, is called."""
    words = [re.sub(r"[^\w.]+", "-", str(value)).strip("-") for value in row.values()]
    return "_".join([*filter(None, words), f"seed{seed}"])


def _swept(rows):
    """The options in which rows of one model, latent and data set differ."""
    found, first = set(), {}
    for _, config, *_ in rows:
        alike = first.setdefault(tuple(getattr(config, name) for name in _NAMED), config)
        apart = alike.differences(config).items()
        pair = ({name: values[side] for name, values in apart} for side in (0, 1))
        found.update(differences(*pair, nested=True))
    return found


def refuse_taken(settings, taken) -> None:
    """Raises ValueError if settings, by key, change what an experiment itself sets."""
    refused = [key for key in settings if _overlaps(key, taken)]
    if refused:
        raise ValueError(f"The experiment itself sets {', '.join(sorted(refused))}.")


def _overlaps(key, taken):
    """Whether a key is one of others, a part of one, or holds one."""
    return any(f"{key}.".startswith(f"{one}.") or one.startswith(f"{key}.") for one in taken)


def own_modules(cells) -> list[str]:
    """Returns the modules of someone's own that the cells' configurations name, sorted."""
    return sorted({own_module(name) for cell in cells for name in cell.config.custom_names})


def named_code(cells) -> set[str]:
    """Returns the names in the cells' configurations: of code that whoever made them asked for."""
    names = set()
    for config in (cell.config for cell in cells):
        named = (getattr(config, name) for name in _NAMED)
        names.update((*named, *config.metrics, *reward_names(config)))
    return names
