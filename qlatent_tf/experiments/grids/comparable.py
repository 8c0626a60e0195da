"""Which finished cells may stand in one table, and in one row of it."""

from collections.abc import Mapping

from qlatent_tf.experiments.grids.finished_cells import (
    code_differences,
    refuse,
    resolved_differences,
    scored_samples,
)
from qlatent_tf.experiments.grids.latent_files import without_place
from qlatent_tf.latents.files import content
from qlatent_tf.text.differences import differences

# What rows of a table may always differ in, and what they may by an entry that says so; all else
# is said in the caption.
_ROW_FIELDS = frozenset({"dataset_options", "latent_options", "seed"})
_TRAINING = ("circuit_optimizer", "circuit_learning_rate")
_ENTRY_FIELDS = {
    "data": ("dataset",),
    "generator": ("model_options",),
    "latent": ("latent",),
    "trained": ("train_circuit", *_TRAINING),
}
# What the seeds of a row may differ in: the circuit, and where a file lies.
_SEED_OPTIONS = frozenset({"unitary_seed", "file"})


def check_table(cells) -> None:
    """Refuses cells of one table that were not trained and scored alike, or on the same data.

    They may differ in the seed, the options of data and latent by which rows differ, and what the
    entries of a row tell (data and latent). Cells of one row differ in their seeds and circuits
    alone, and no seed stands there twice. Where a latent drew from a bank, the banks of a row are
    of one circuit and size; of another file, its content is the same, wherever it lay.

    Args:
      cells: sequence of dict. Finished cells, see `read_cell`, or what is known of others before.

    Raises:
      ValueError: naming two cells, and in what they differ.
    """
    cells = [{**cell, "config": without_place(cell["config"])} for cell in cells]
    rows, runs = {}, {}
    for cell in cells:
        row = tuple(cell["row"].items())
        _check_alike(cells[0], cell)
        _check_one_row(rows.setdefault(row, cell), cell)
        same = runs.setdefault((row, cell["config"].seed), cell)
        if same["name"] != cell["name"]:
            raise ValueError(
                f"{same['name']} and {cell['name']} are one row's run of seed "
                f"{cell['config'].seed}: it would count twice."
            )
    # What is the same wherever it is: in cells of those data, with such circuits, that option.
    facts = {}
    options = {key for cell in cells for key in _set(cell)}
    for cell in cells:
        for name, value in _facts(cell, options):
            first, known = facts.setdefault(name, (cell, value))
            refuse(differences({name: known}, {name: value}), _message(first, cell))


def _facts(cell, options):
    """Yields what cells of a table have in common where they have it at all, by name."""
    config, data = cell["config"], cell.get("dataset") or {}
    if "sha256" in data:
        yield f"sha256 of {data['name']}, {data.get('file')}", data["sha256"]
    if config.train_circuit:
        yield from ((name, getattr(config, name)) for name in _TRAINING)
    for field, option in options:
        if option in getattr(config, field):
            yield f"{field}.{option}", getattr(config, field)[option]


def _message(first, cell):
    return f"A table is of one schedule; {first['name']} and {cell['name']} differ"


def _check_alike(first, cell):
    told = {
        field for entry in _ENTRY_FIELDS.keys() & first["row"] for field in _ENTRY_FIELDS[entry]
    }
    free = _ROW_FIELDS | told

    def compare(mine, theirs):
        found = mine.differences(theirs)
        return {name: values for name, values in found.items() if name not in free}

    known = ({**scored_samples(one), "row": list(one["row"])} for one in (first, cell))
    refuse(
        {**resolved_differences(first["config"], cell["config"], compare), **differences(*known)},
        _message(first, cell),
    )


def _check_one_row(first, cell):
    found = resolved_differences(first["config"], cell["config"], _row_differences)
    # Before a cell is made, its latent's file is not known.
    if "latent_file" in first and "latent_file" in cell:
        files = ({"latent's file": content(one["latent_file"])} for one in (first, cell))
        found = {**found, **differences(*files)}
    found = {**found, **code_differences(first.get("code"), cell.get("code"))}
    refuse(found, f"{first['name']} and {cell['name']} are in one row and differ")


def _row_differences(config, other):
    def told(one):
        options = {
            kind: {
                name: value
                for name, value in getattr(one, kind).items()
                if name not in _SEED_OPTIONS
            }
            for kind in ("dataset_options", "latent_options")
        }
        return {**vars(one), **options, "seed": None}

    return differences(told(config), told(other))


def _set(cell):
    """The options that were set for all rows, of those fields in which rows may differ."""
    for key, value in cell.get("settings", {}).items():
        field, _, option = key.partition(".")
        if field in _ROW_FIELDS:
            names = [option] if option else list(value) if isinstance(value, Mapping) else []
            yield from ((field, name) for name in names)
