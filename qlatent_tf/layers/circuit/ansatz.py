"""The circuits that `StyleCircuit` knows: their gates, in order, and how many angles they have.

A layer is a sequence of rotations, each on all qubits, and a ring: a controlled gate from qubit i
to qubit i + 1, for i = 0, 1, ..., the last one back to qubit 0. At angle 0 every gate that has one
is the identity.
"""

import dataclasses

ROTATIONS = ("ry", "rz")
# A ring and whether its gates have angles.
RINGS = {"cry": True, "crz": True, "cz": False}
STYLES = ("scalar", "dense", "none")
READOUTS = {"z": 1, "xz": 2}  # Features a qubit.


@dataclasses.dataclass(frozen=True)
class Ansatz:
    """The gates of a circuit.

    Attributes:
      layer: tuple of str. The gates of a layer in order: rotations and a ring.
      final: tuple of str. The rotations behind the last layer.
    """

    layer: tuple[str, ...]
    final: tuple[str, ...] = ("ry",)

    def gates(self, layers: int) -> tuple[str, ...]:
        """Returns the names of all gates in order; each stands for one gate a qubit."""
        return self.layer * layers + self.final


# One layer and the final rotations, drawn for three qubits; `o` is a control.
ANSATZES = {
    # 5 n_l + 1 angles a qubit: the circuit of the drug-design paper, arXiv 2603.22399.
    #
    #   0 - RY - RZ - RY - RZ - o --------- RY - RY -
    #                           |           |
    #   1 - RY - RZ - RY - RZ - RY - o ---- | -- RY -
    #                                |      |
    #   2 - RY - RZ - RY - RZ ------ RY --- o -- RY -
    "bel": Ansatz(("ry", "rz", "ry", "rz", "cry")),
    # n_l + 1 angles a qubit, real amplitudes: the least that entangles. The ring of controlled Z
    # has no direction; for two qubits it is a single gate, for two would cancel. Ours.
    #
    #   0 - RY - o ------ o - RY -
    #            |        |
    #   1 - RY - o - o -- | - RY -
    #                |    |
    #   2 - RY ----- o -- o - RY -
    "simple": Ansatz(("ry", "cz")),
    # 3 n_l + 1 angles a qubit. Known of the circuit of LaSt-QGAN, arXiv 2406.02668, is a ring of
    # RZ; that these are controlled, and the rotations, are ours.
    #
    #   0 - RY - RZ - o --------- RZ - RY -
    #                 |           |
    #   1 - RY - RZ - RZ - o ---- | -- RY -
    #                      |      |
    #   2 - RY - RZ ------ RZ --- o -- RY -
    "last_qgan": Ansatz(("ry", "rz", "crz")),
}


def count_angles(qubits: int, layers: int, ansatz: str = "bel") -> int:
    """Returns the number of angles of a circuit, ``qubits * (5 layers + 1)`` for "bel"."""
    return qubits * sum(has_angle(gate) for gate in ANSATZES[ansatz].gates(layers))


def count_parameters(
    qubits: int, layers: int, ansatz: str = "bel", style: str = "scalar", latent_size: int = 0
) -> int:
    """Returns the number of trainable parameters of a `StyleCircuit`.

    Args:
      qubits: int.
      layers: int.
      ansatz: str. A key of `ANSATZES`.
      style: str. "scalar": two an angle; "dense": ``latent_size + 1`` an angle; "none": one.
      latent_size: int. Counts for the style "dense" alone.
    """
    angles = count_angles(qubits, layers, ansatz)
    return angles * {"scalar": 2, "dense": latent_size + 1, "none": 1}[style]


def has_angle(gate: str) -> bool:
    """Returns whether a rotation, or a ring's gate, has an angle."""
    return gate in ROTATIONS or RINGS[gate]


def ring(gate: str, qubits: int) -> list[tuple[int, int]]:
    """Returns a ring's pairs (control, target) in the order of their gates."""
    if gate == "cz" and qubits == 2:
        return [(0, 1)]
    return [(qubit, (qubit + 1) % qubits) for qubit in range(qubits)]
