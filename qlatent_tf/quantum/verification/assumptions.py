"""What a report assumes of shots: the photons sent in, what detectors tell, what was selected.

`notes` is a list of the report's remarks, to which each function adds its own.
"""

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.verification import correlators

_MOST_ENUMERATED = 20 * correlators.MAX_ENUMERATION
_COLLISIONS_MISSED = 10.0  # so many expected and none seen: by chance once in exp(10)


def choose_input_state(counts, input_state, photons, notes) -> np.ndarray | None:
    """Returns the photons sent into each mode; None if nothing tells their number."""
    if input_state is None:
        if photons is None and counts.total_law.max() == 1.0:
            photons = len(counts.total_law) - 1
        if photons is None:
            notes.append(
                "Totals vary and the number of photons sent in is not known: nothing is "
                "predicted. Name the input state, or the number of photons."
            )
            return None
        if not 1 <= photons <= counts.modes:
            notes.append(
                f"{photons} photons do not go one into each of {counts.modes} modes: nothing is "
                "predicted. Name the input state."
            )
            return None
        input_state = np.zeros(counts.modes, np.int64)
        input_state[:photons] = 1
        notes.append(f"Input state taken to be one photon in each of the first {photons} modes.")
    sent = int(input_state.sum())
    if len(counts.total_law) - 1 > sent:
        more = round(counts.total_law[sent + 1 :].sum() * counts.shots)
        notes.append(
            f"{more:,} of {counts.shots:,} shots hold more photons (up to "
            f"{len(counts.total_law) - 1}) than were sent in ({sent}): dark counts, or another "
            "input state."
        )
    return input_state


def check_collisions(counts, detector, collision_free) -> None:
    """Refuses shots with collisions of detectors that click, or where they were discarded.

    Raises:
      ValueError: with the share of such shots.
    """
    told = {"detector": detector == "threshold", "collision_free": bool(collision_free)}
    for name, says_so in told.items():
        if says_so and counts.largest_count > 1:
            value = detector if name == "detector" else collision_free
            raise ValueError(
                f"By {name}={value!r} no shot has two photons in a mode; received "
                f"{counts.collision_rate:.2%} of shots with a collision."
            )


def hide_collisions(counts, input_state, unitary, detector, collision_free) -> bool:
    """Returns whether collisions may hide in shots that seem to lack photons, as clicks hide them.

    Where it is not said, the number of collisions that there ought to be tells.
    """
    photons = int(input_state.sum())
    if photons < 2 or counts.largest_count > 1 or counts.share_with(photons) == 1:
        return False
    if detector is not None or collision_free is not None:
        return detector == "threshold" or bool(collision_free)
    # Pairs that meet by chance alone; identical photons meet more often.
    if unitary is None:
        pairs = (1 - 1 / photons) * counts.mean_photons**2
    else:
        one_photon = np.abs(unitary) ** 2
        arriving = counts.mean_photons.sum() / photons
        pairs = arriving**2 * ((one_photon @ input_state) ** 2 - one_photon**2 @ input_state)
    return bool(counts.shots * pairs.sum() / 2 > _COLLISIONS_MISSED)


def whole_shots(rows, photons, notes, why=None) -> sample_rows.Rows | None:
    """Returns the shots with all photons apart; None if they are too few, or too varied."""
    found = [
        start + np.flatnonzero(block.sum(axis=1) == photons)
        for start, block in sample_rows.blocks(rows)
    ]
    whole = sample_rows.ChosenRows(rows, np.concatenate(found))
    why = why or "No shot has two photons in a mode: taken for clicks, or for selected shots."
    notes.append(
        f"{why} Shots in which all {photons} photons are apart are compared, {len(whole):,} of "
        f"{len(rows):,}."
    )
    if len(whole) < 2:
        notes.append("They are too few: nothing is predicted.")
        return None
    if not correlators.can_enumerate_collision_free(rows.shape[1], photons):
        notes.append("Their outcomes are too many to be listed: nothing is predicted.")
        return None
    return whole


def shares_of_totals(counts, photons) -> np.ndarray:
    """Returns the share of shots with each total; more than was sent counts as all of it."""
    totals = np.zeros(photons + 1)
    seen = counts.total_law
    totals[: len(seen)] = seen[: photons + 1]
    totals[-1] += seen[photons + 1 :].sum()
    return totals / totals.sum()


def choose_collision_free(counts, photons, collision_free, notes) -> bool:
    """Returns whether shots are compared with outcomes without collisions alone."""
    if photons < 2:  # One meets no other.
        return False
    if collision_free is None:
        collision_free = counts.largest_count == 1 and counts.share_with(photons) == 1
    if counts.largest_count == 1 and not collision_free:
        notes.append(
            "No shot has two photons in a mode. If the detectors tell only none from some, the "
            "predictions, which count photons, do not apply."
        )
    if collision_free and not correlators.can_enumerate_collision_free(counts.modes, photons):
        notes.append(
            "No shot has a collision, but the outcomes without one are too many to be listed: "
            "predictions allow for collisions."
        )
        return False
    if collision_free:
        notes.append("Predictions hold for shots without collisions, as these are.")
    return collision_free


def affordable_circuits(circuits: int, modes: int, photons: int, notes) -> int:
    """Returns how many random circuits have their collision-free outcomes listed in a minute."""
    fewer = max(2, _MOST_ENUMERATED // correlators.enumeration_steps(modes, photons))
    if fewer < circuits:
        notes.append(
            f"Compared with {fewer} random circuits in place of {circuits}: they take long."
        )
    return min(fewer, circuits)
