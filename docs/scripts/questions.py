"""The comparisons of the results' summary: which rows of which table, and by what score."""

import dataclasses
from collections.abc import Mapping, Sequence

from qlatent_tf.experiments.table1 import CONTROLS

CLASSICAL = ("gaussian", "bernoulli", "photonic", "dirichlet_multinomial")


@dataclasses.dataclass(frozen=True)
class Question:
    """A score of a committed table, by which rows are compared on some data.

    Attributes:
      folder: str. In docs/results.
      data: str. The rows' data set.
      group: str. What is compared with what.
      title: str. On what.
      score: str. Its metric; lower is better, unless the title says otherwise.
      pairs: sequence of (tuple, tuple). Rows that are compared, the one that is asked about first:
        their values of `entries`.
      entries: tuple of str. The entries of a row that tell those that are compared apart.
      where: dict. Other entries of rows that take part, and their values.
      drawn: bool. Whether the figure shows it; the table shows all.
    """

    folder: str
    data: str
    group: str
    title: str
    score: str
    pairs: Sequence[tuple[tuple, tuple]] = tuple((("boson",), (other,)) for other in CLASSICAL)
    entries: tuple[str, ...] = ("latent",)
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    drawn: bool = True


_BESIDE, _LEARNS = "boson against another latent", "a trained latent against the same, fixed"
_SCALED = "a latent of unit variance against the same, unscaled"
_INVERTIBLE = "an invertible generator against the published one"
_IMPERFECT = "boson with an imperfect device against a perfect one"
_FRECHET = "classifier_frechet_distance"
_FIXED, _TRAINED = ({"trained": state} for state in ("fixed", "trained"))
_RAW = {"scale": "raw"}
# Gaussian noise has unit variance as it is.
_UNIT_VARIANCE = {
    "entries": ("latent", "scale"),
    "pairs": [
        (("boson", "standardised"), (other, "raw" if other == "gaussian" else "standardised"))
        for other in CLASSICAL
    ],
}


def _counts(folder: str, title: str, group: str = _BESIDE, **more) -> Question:
    return Question(folder, "quantum", group, f"photon counts, {title}", "integer_distance", **more)


def _states(entry: str, latents: Sequence[str], ours: str, other: str) -> dict:
    """How rows of the same latent that differ in one entry are compared."""
    pairs = [((latent, ours), (latent, other)) for latent in latents]
    return {"entries": ("latent", entry), "pairs": pairs}


# The entries of a row of the study of imperfections.
_DEVICE = ("latent", "imperfection", "value")


def _imperfect(title: str, imperfection: str, value: str) -> Question:
    return Question(
        "noise_3000",
        "quantum",
        _IMPERFECT,
        title,
        "integer_distance",
        entries=_DEVICE,
        pairs=[(("boson", imperfection, value), ("boson", "none", ""))],
    )


def _beside_lossless(title: str, imperfection: str, value: str) -> Question:
    """The device with one imperfection beside distinguishable photons without any."""
    ours, other = ("boson", imperfection, value), ("photonic", "none", "")
    question = _imperfect(f"{title}, against a perfect `photonic`", imperfection, value)
    return dataclasses.replace(question, pairs=[(ours, other)], drawn=False)


def _both(title: str, imperfection: str, value: str) -> Question:
    """Identical and distinguishable photons with the same imperfection."""
    pair = (("boson", imperfection, value), ("photonic", imperfection, value))
    return _counts("noise_3000", f"3,000 steps, {title}", entries=_DEVICE, pairs=[pair])


_IMPERFECTIONS = (
    ("photons 90 % indistinguishable", "indistinguishability", "0.9"),
    ("10 % of the photons lost", "transmission", "0.9"),
    ("30 % lost", "transmission", "0.7"),
    ("30 % lost, shots of 6 to 8 kept", "transmission", "0.7, at least 6 photons"),
    ("threshold detectors", "detector", "threshold"),
    ("sources with a g2 of 0.0205", "g2", "0.0205"),
    ("phases wrong by up to 0.1 rad", "phase error", "0.1 rad"),
    ("phases wrong by up to 0.17 rad", "phase error", "0.17 rad"),
)
_THREE = ("boson", "photonic", "gaussian")
_BIJECTIVE, _LEAKY = (
    _states("generator", _THREE, kind, "published") for kind in ("invertible", "leaky")
)
_LEARNED = _states("trained", _THREE, "trained", "fixed")
QUESTIONS = (
    _counts("table1_torch_5000", "5,000 steps"),
    _counts("table1_5000", "5,000 steps, Keras' epsilon", drawn=False),
    _counts("joint_5000", "5,000 steps, shared circuits", where=_FIXED, drawn=False),
    _counts("origins_3000", "3,000 steps, shared circuits", where=_RAW),
    _counts("origins_3000", "3,000 steps, unit variance", **_UNIT_VARIANCE),
    _counts(
        "interference_3000",
        "3,000 steps, classical controls",
        entries=("latent", "interfering photons"),
        pairs=[(("boson", 8), (other, "")) for other in CONTROLS[1:]],
    ),
    _both("10 % lost of both", "transmission", "0.9"),
    _both("threshold detectors for both", "detector", "threshold"),
    _counts("table1_torch_40000", "40,000 steps"),
    _counts("table1_40000", "40,000 steps, Keras' epsilon", drawn=False),
    _counts("joint_5000", "5,000 steps, trained latents", where=_TRAINED),
    Question(
        "origins_3000",
        "photonic",
        _BESIDE,
        "counts of distinguishable photons, 3,000 steps",
        "integer_distance",
        where=_RAW,
    ),
    Question(
        "origins_3000",
        "dirichlet_multinomial",
        _BESIDE,
        "classical counts that bunch, 3,000 steps",
        "integer_distance",
        where=_RAW,
    ),
    Question(
        "origins_3000",
        "thermal",
        _BESIDE,
        "counts of thermal light, 3,000 steps",
        "integer_distance",
        where=_RAW,
    ),
    Question(
        "origins_3000",
        "bernoulli",
        _BESIDE,
        "fair bits, 3,000 steps",
        "integer_distance",
        where=_RAW,
    ),
    *(
        Question(
            "origins_3000",
            data,
            _BESIDE,
            f"{title}, unit variance",
            "integer_distance",
            drawn=False,
            **_UNIT_VARIANCE,
        )
        for data, title in (
            ("photonic", "counts of distinguishable photons"),
            ("dirichlet_multinomial", "classical counts that bunch"),
            ("thermal", "counts of thermal light"),
            ("bernoulli", "fair bits"),
        )
    ),
    Question(
        "table1_5000",
        "bernoulli",
        _BESIDE,
        "fair bits, 5,000 steps, Keras' epsilon",
        "integer_distance",
        drawn=False,
    ),
    Question(
        "mixture_5000", "mixture", _BESIDE, "blobs in the plane, 5,000 steps", "interpolation_rate"
    ),
    Question(
        "joint_molecules_1500",
        "qm9",
        _BESIDE,
        "molecules: FCD, 1,500 steps",
        "fcd",
        where=_FIXED,
    ),
    Question(
        "table2_20000",
        "qm9",
        _BESIDE,
        "molecules: FCD, 20,000 steps, plain decoding",
        "plain_fcd",
        drawn=False,
    ),
    Question("table2_20000", "qm9", _BESIDE, "molecules: FCD, 20,000 steps", "fcd"),
    *(
        Question(
            folder,
            "qm9",
            _BESIDE,
            f"molecules: {title}, {steps} steps (more is better)",
            score,
            where=where,
            drawn=False,
        )
        for folder, steps, where in (
            ("joint_molecules_1500", "1,500", _FIXED),
            ("table2_20000", "20,000", {}),
        )
        for title, score in (
            ("distinct molecules", "parsed_unique_count"),
            ("strictly valid share", "valid_share"),
        )
    ),
    Question(
        "table2_cifar_8000", "cifar10", _BESIDE, "images: Frechet distance, 8,000 steps", _FRECHET
    ),
    Question(
        "table2_cifar_8000",
        "cifar10",
        _BESIDE,
        "images, one device of 128 modes",
        _FRECHET,
        pairs=[(("boson, one device",), ("gaussian",))],
    ),
    _counts("joint_5000", "5,000 steps", _LEARNS, **_LEARNED),
    Question(
        "joint_molecules_1500", "qm9", _LEARNS, "molecules: FCD, 1,500 steps", "fcd", **_LEARNED
    ),
    _counts(
        "origins_3000",
        "3,000 steps",
        _SCALED,
        **_states(
            "scale",
            ("boson", "photonic", "bernoulli", "dirichlet_multinomial"),
            "standardised",
            "raw",
        ),
    ),
    _counts("invertibility_5000", "5,000 steps", _INVERTIBLE, **_BIJECTIVE),
    _counts(
        "invertibility_5000", "5,000 steps, only LeakyReLU", _INVERTIBLE, drawn=False, **_LEAKY
    ),
    *(_imperfect(*one) for one in _IMPERFECTIONS),
    *(_beside_lossless(*one) for one in _IMPERFECTIONS),
)
