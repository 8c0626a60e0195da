"""What a report assumes of shots: the photons sent in, what detectors tell, what was selected.

`notes` is a list of the report's remarks, to which each function adds its own.
"""

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.verification import correlators

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


def hide_collisions(counts, photons, detector, collision_free) -> bool:
    """Returns whether collisions may hide in shots that seem to lack photons, as clicks hide them.

    Where it is not said, the number of collisions that there ought to be tells.
    """
    if photons < 2 or counts.largest_count > 1 or counts.total_law[photons:][:1].sum() == 1.0:
        return False
    if detector is not None or collision_free is not None:
        return detector == "threshold" or bool(collision_free)
    # Photons that meet by chance alone; identical ones meet more often.
    collisions = (1 - 1 / photons) * np.sum(counts.mean_photons**2) / 2
    return bool(counts.shots * collisions > _COLLISIONS_MISSED)


def whole_shots(rows, photons, notes) -> np.ndarray | None:
    """Returns the shots with all photons apart; None if they are too few, or too varied."""
    parts = [block[block.sum(axis=1) == photons] for _, block in sample_rows.blocks(rows)]
    whole = np.concatenate(parts)
    notes.append(
        "No shot has two photons in a mode: taken for clicks, or for selected shots. Those in "
        f"which all {photons} photons are apart are compared, {len(whole):,} of {len(rows):,}."
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
    if collision_free is None:
        whole = bool(counts.total_law[photons:][:1].sum() == 1.0)
        collision_free = counts.largest_count == 1 and whole and photons >= 2
    if counts.largest_count == 1 and not collision_free and photons >= 2:
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
