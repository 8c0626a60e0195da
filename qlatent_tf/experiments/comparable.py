"""Which finished cells a table may hold, and which may be seeds of one row."""

# What a row of a table may differ in from another one; all else is said in the caption.
_ROW_FIELDS = frozenset({"dataset", "dataset_options", "latent", "latent_options", "seed"})
# What the seeds of a row may differ in: the circuit, and where a file lies.
_SEED_OPTIONS = frozenset({"unitary_seed", "file"})


def check_comparable(first: dict, cell: dict) -> None:
    """Refuses cells that were not trained and scored alike.

    Args:
      first: dict. A finished cell, see `grid.read_cell`.
      cell: dict. Another one of the table.

    Raises:
      ValueError: naming what differs besides the data, the latent and the seed.
    """
    differences = [
        line for line in first["config"].differences(cell["config"])
        if line.partition(":")[0] not in _ROW_FIELDS
    ]
    sizes = [one["evaluation"]["num_samples"] for one in (first, cell)]
    if sizes[0] != sizes[1]:
        differences.append(f"scored samples: {sizes[0]} -> {sizes[1]}")
    if list(first["row"]) != list(cell["row"]):
        differences.append(f"entries of a row: {list(first['row'])} -> {list(cell['row'])}")
    if differences:
        raise ValueError(
            f"A table is of one schedule; {first['name']} and {cell['name']} differ: "
            f"{'; '.join(differences)}."
        )


def check_one_row(first: dict, cell: dict) -> None:
    """Refuses cells of one row that differ in more than their seeds and circuits.

    Where a latent drew from a bank, the banks are of one circuit and size; of another file, its
    content is the same.

    Args:
      first: dict. A finished cell, see `grid.read_cell`.
      cell: dict. Another one of the row.

    Raises:
      ValueError: naming what differs.
    """
    for kind in ("latent_options", "dataset_options"):
        ours, theirs = (
            {name: value for name, value in getattr(one["config"], kind).items()
             if name not in _SEED_OPTIONS}
            for one in (first, cell)
        )
        _refuse(first, cell, kind, ours, theirs)
    _refuse(first, cell, "latent's file", *(_content(one) for one in (first, cell)))


def _refuse(first, cell, kind, ours, theirs):
    if ours != theirs:
        raise ValueError(
            f"{first['name']} and {cell['name']} are in one row and differ in their {kind}: "
            f"{ours} -> {theirs}."
        )


def _content(cell):
    """What decides the law of a file's rows: machines may round a sample of a bank otherwise."""
    file = cell.get("latent_file")
    return file and (file["bank"] or file["sha256"])
