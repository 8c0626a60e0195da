"""The smallest network with which training is as good as with any: our reading of "optimal".

The publication calls a capacity optimal where training is stable and the score low and stable. Our
protocol puts numbers to it:

- a run is *bounded* if at every evaluation the critic's estimate of the distance and the slope
  of its surface are finite and no larger than a 1-Lipschitz critic on codes allows: the estimate
  is at most the diameter 2 sqrt(code) of the cube of codes, the slope at most 2;
- it is *steady* if over the last evaluations no score exceeds their median by more than
  `STEADINESS` of it; that median is its score;
- of the bounded and steady runs of one sweep, that of the smallest network whose score is at most
  1 + `TOLERANCE` times the best one's is optimal.
"""

import dataclasses
import functools
import math

import numpy as np

from qlatent_tf.experiments.capacity import WINDOW
from qlatent_tf.layers.circuit.ansatz import count_parameters
from qlatent_tf.models.codes.model import classical_generator, code_critic
from qlatent_tf.scores import read_history

TOLERANCE = 0.25
STEADINESS = 0.5
STEEPEST = 2.0
# The data set of every cell of the study.
_DATA = "codes"


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What a run's evaluations say.

    Attributes:
      score: float. Median of the last scores; infinite if one is missing.
      bounded: bool.
      steady: bool.
    """

    score: float
    bounded: bool
    steady: bool

    @property
    def accepted(self) -> bool:
        """Whether the run may be optimal."""
        return self.bounded and self.steady


def judge(history, code: int) -> Judgement:
    """Judges a run on codes of this width by its evaluations, the last of which give the score."""
    rows = [scores for _, scores in read_history(history, _DATA)]
    scores, distances, slopes = (
        np.array([row[name].mean if name in row else math.nan for row in rows])
        for name in ("code_frechet", "critic_distance", "critic_slope")
    )
    last = scores[-WINDOW:]
    complete = len(last) == WINDOW and np.isfinite(last).all()
    score = float(np.median(last)) if complete else math.inf
    bounded = bool(
        len(history)
        and np.isfinite(slopes).all()
        and (np.abs(distances) <= 2 * math.sqrt(code)).all()
        and (slopes <= STEEPEST).all()
    )
    return Judgement(score, bounded, complete and bool(last.max() <= (1 + STEADINESS) * score))


def smallest_optimal(runs, target=None, tolerance: float = TOLERANCE):
    """Returns the capacity of the smallest run that is optimal, or None if there is none.

    Args:
      runs: sequence of (capacity, Judgement).
      target: float. The score to reach; by default the best of these runs.
      tolerance: float. By what share it may be missed.
    """
    target = best_score(runs) if target is None else target
    if not math.isfinite(target):
        return None
    reached = (
        capacity for capacity, one in runs if one.accepted and one.score <= (1 + tolerance) * target
    )
    return min(reached, default=None)


def best_score(runs) -> float:
    """Returns the best score of the accepted runs, infinite if there are none."""
    return min((one.score for _, one in runs if one.accepted), default=math.inf)


def optima(finished) -> list[dict]:
    """Returns the smallest optimal capacities of each circuit in each seed.

    Args:
      finished: sequence of dict. Finished cells.

    Returns:
      list of dict: ``qubits``, ``layers``, ``seed``, ``capacity`` of the circuit, ``critic`` and
      ``generator``, None where no run is optimal, ``score``, the circuit's best, None where no
      run is accepted, ``smallest_tried``, of critic and generator, and ``largest_tried``, of the
      critic: an optimum there is a bound, see `bound`.

    Raises:
      ValueError: if classical generators of one code stand beside critics of several widths.
    """
    sweeps, beside = {}, {}
    for cell in finished:
        row, config = cell["row"], cell["config"]
        quantum = row["generator"] == "quantum"
        size = config.model_options["critic_width" if quantum else "width"]
        modes = config.latent_options["modes"]
        capacity = network_parameters(row["generator"], modes, row["code"], size)
        # The classical generators of a code and seed are one sweep, without layers.
        key = (row["code"] // 2, row["layers"] if quantum else 0, config.seed)
        sweeps.setdefault(key, []).append((capacity, judge(cell["history"], row["code"])))
        if not quantum and beside.setdefault(key, row["critic"]) != row["critic"]:
            raise ValueError(
                "Classical generators are compared beside critics of one width; received "
                f"{beside[key]} and {row['critic']}, at {row['code']} codes in seed {config.seed}."
            )
    points = []
    for (qubits, layers, seed), runs in sorted(sweeps.items()):
        if not layers:
            continue
        best, classical = best_score(runs), sweeps.get((qubits, 0, seed), [])
        tried = {
            kind: [capacity for capacity, _ in sweep]
            for kind, sweep in (("critic", runs), ("generator", classical))
        }
        points.append(
            {
                "qubits": qubits,
                "layers": layers,
                "seed": seed,
                "capacity": count_parameters(qubits, layers),
                "critic": smallest_optimal(runs),
                "generator": smallest_optimal(classical, target=best),
                "score": best if np.isfinite(best) else None,
                "smallest_tried": {kind: min(sizes, default=None) for kind, sizes in tried.items()},
                "largest_tried": {"critic": max(tried["critic"], default=None)},
            }
        )
    return points


@functools.cache
def network_parameters(kind: str, latent_size: int, code: int, width: int) -> int:
    """Returns the trainable parameters of the network that is swept beside a generator.

    Beside a ``quantum`` one it is the critic, else the generator itself; `width` is that of its
    first hidden layer.
    """
    networks = {
        "quantum": lambda: code_critic(code, width),
        "classical": lambda: classical_generator(latent_size, code, width),
    }
    return sum(math.prod(weight.shape) for weight in networks[kind]().trainable_weights)


def bound(point: dict, kind: str) -> str:
    """Returns ``upper``, ``lower`` or ``both`` if an optimum is a bound of the true one, or none.

    A smaller network than the smallest that was tried may do as well. A wider critic than the
    widest may lower the best score, and then the optimum is no smaller. The score that a classical
    generator has to reach is the circuit's, which no generator changes.
    """
    optimum = point[kind]
    if optimum is None:
        return ""
    if optimum == point["smallest_tried"][kind] == point["largest_tried"].get(kind):
        return "both"  # One size was tried.
    if optimum == point["smallest_tried"][kind]:
        return "upper"
    return "lower" if optimum == point["largest_tried"].get(kind) else ""
