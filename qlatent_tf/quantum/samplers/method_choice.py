"""Which sampling method is cheapest, decided from n, m and the number of samples alone.

The costs are those of one core of a server CPU of 2023, in seconds; only their ratios matter, and
they are constants so that the choice, and with it the samples, are the same on every machine.
"""

import math

from qlatent_tf.quantum.samplers.fock_table import MAX_TABLE_PHOTONS, num_outcomes, table_bytes
from qlatent_tf.quantum.samplers.walk_plan import WalkShape

LANES_MAX_PHOTONS = 20
GLYNN_MAX_PHOTONS = 40
MAX_METHOD_PHOTONS = {
    "table": MAX_TABLE_PHOTONS, "lanes": LANES_MAX_PHOTONS, "glynn": GLYNN_MAX_PHOTONS,
}  # fmt: skip
# Of the state with all photons still kept, which samples hardly ever reach, let alone touch.
MAX_WALK_BYTES = 2**32


def table_seconds(modes: int, photons: int, samples: int) -> float:
    """Returns about how long building a table and drawing from it takes."""
    outcomes = num_outcomes(modes, photons)
    cache_misses = 1e-8 if outcomes * (modes + 8) < 2**24 else 5e-8
    return outcomes * (2e-8 + 1e-8 * photons) + samples * (cache_misses + 2e-10 * modes)


def lanes_seconds(modes: int, photons: int, samples: int) -> float:
    """Returns about how long the kernel with one sample per lane takes."""
    terms = sum(k * 2.0 ** max(k - 2, 0) for k in range(1, photons + 1))
    return samples * (terms * 5e-10 + photons**2 * (3e-9 + 2e-10 * modes))


def glynn_seconds(modes: int, photons: int, samples: int) -> float:
    """Returns about how long the kernel for one sample at a time takes."""
    # Repeated rows shorten the sum: 1.85 instead of 2 a photon at two modes a photon.
    base = 2.0 - 0.15 * min(1.0, 2 * photons / modes)
    terms = sum(k * base ** max(k - 2, 0) for k in range(1, photons + 1))
    return samples * (terms * 5e-10 + photons * 6e-7 + photons**2 * modes * 2e-10)


def walk_seconds(shape: WalkShape, samples: int) -> float:
    """Returns about how long walks take: an output, and mixing each two neighbouring kept modes."""
    seconds = 0.0
    for width, entered, mean in zip(
        shape.widths.tolist(), shape.entered.tolist(), shape.mean_kept.tolist(), strict=True
    ):
        seconds += 8e-8
        if width > 1:
            # Photons bunch: the spread of thermal light, whose long states take most of the time.
            photons = min(entered, mean + math.sqrt(mean * (1.0 + mean / width)))
            states = math.exp(
                math.lgamma(photons + width) - math.lgamma(photons + 1) - math.lgamma(width)
            )
            seconds += 4e-9 * (width - 1) * states * (1.0 + photons / width)
    return samples * seconds


def sampling_seconds(
    method: str, modes: int, photons: int, samples: int, walk: WalkShape | None = None
) -> float:
    """Returns about how long one core takes to draw samples of one circuit by a method."""
    if photons == 0:
        return 0.0
    if method == "loop" and walk is not None:
        return walk_seconds(walk, samples)
    seconds = {"table": table_seconds, "lanes": lanes_seconds}.get(method, glynn_seconds)
    return seconds(modes, photons, samples)


def weighed_photons(photons: int, most_sent: int) -> int:
    """Returns the photons by which methods are weighed, where at most some are sent at a time.

    What fits as a whole keeps the method, and with it the samples, whatever is sent of it.
    """
    return photons if photons <= GLYNN_MAX_PHOTONS else most_sent


def choose_method(
    modes: int,
    photons: int,
    expected_samples: int,
    *,
    max_table_bytes: int,
    walk: WalkShape | None = None,
) -> str:
    """Returns the cheapest of `"table"`, `"lanes"`, `"glynn"` and `"loop"` for one circuit.

    `expected_samples` are the samples that will be drawn in all. A table of more than
    `max_table_bytes` is not chosen, nor is `"loop"` without the `walk` of the circuit.
    """
    seconds = {"lanes": lanes_seconds, "glynn": glynn_seconds}
    if table_bytes(modes, photons) <= max_table_bytes:
        seconds["table"] = table_seconds
    costs = {
        method: cost(modes, photons, expected_samples)
        for method, cost in seconds.items()
        if photons <= MAX_METHOD_PHOTONS[method]
    }
    if walk is not None and walk.num_bytes <= MAX_WALK_BYTES:
        costs["loop"] = walk_seconds(walk, expected_samples)
    return min(costs, key=costs.__getitem__, default="glynn")
