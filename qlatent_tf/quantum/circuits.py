"""Circuits of other libraries as unitaries: objects and exports of Perceval and Piquasso.

Exports are read as data: no code in them is run, and no expression is evaluated.
"""

import base64
import cmath
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from qlatent_tf.storage.files import check_regular

LARGEST_BYTES = 1 << 26
MOST_MODES = 4096
_PERCEVAL = ":PCVL:"
_KINDS = {"ACircuit": "Circuit", "Matrix": "Matrix"}  # tag -> message of its protocol buffer
_STATEMENT = re.compile(r"(\w+)(?:\(([^()]*)\))? *\| *(\d+|\[[\d, ]+\])", re.ASCII)
_PREAMBLE = re.compile(r"name \w+|version [\d.]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def circuit_matrix(circuit) -> Any:
    """Returns the matrix of a circuit of Perceval or Piquasso; anything else as it is.

    Args:
      circuit: perceval.ACircuit; Processor or Experiment, of which the linear circuit counts; a
        Piquasso Interferometer, or a Program of passive gates; or an array.

    Returns:
      complex128 array, shape `[modes, modes]`, that takes amplitudes of inputs to outputs; or what
      was given.

    Raises:
      ValueError: if a circuit has free parameters, or parts that are no interferometer.
    """
    module = type(circuit).__module__.partition(".")[0]
    if module == "perceval":
        return _perceval_matrix(circuit)
    if module == "piquasso":
        return _piquasso_matrix(circuit)
    return circuit


def read_perceval(path: Path) -> np.ndarray:
    """Reads a circuit or a matrix that Perceval wrote as text, by `serialize_to_file`.

    Raises:
      ImportError: if Perceval is not installed.
      ValueError: if the file holds anything else, or expressions.
    """
    # Its `serialize_to_file` writes the text as JSON does, between quotes.
    text = _text(path).strip().strip('"')
    for prefix in (f"{_PERCEVAL}zip:", _PERCEVAL):
        if text.startswith(prefix):
            break
    else:
        raise ValueError(f"{path} does not begin with {_PERCEVAL}, as Perceval's exports do.")
    try:
        if prefix != _PERCEVAL:
            text = _unzipped(base64.b64decode(text[len(prefix) :], validate=True)).decode()
        tag, _, content = text.removeprefix(_PERCEVAL).partition(":")
        data = base64.b64decode(content, validate=True) if tag in _KINDS else b""
    except (ValueError, zlib.error) as error:
        raise ValueError(f"{path} is no whole export of Perceval: {error}.") from error
    if tag not in _KINDS:
        raise ValueError(
            f"{path} holds {tag[:40]!r} of Perceval; legal are {', '.join(_KINDS)}. Of a "
            "processor, export linear_circuit()."
        )
    try:
        from exqalibur.serialization import circuit_pb2 as messages
        from perceval.serialization import deserialize
    except ImportError:
        raise ImportError(
            f"{path} is read by Perceval, which is not installed: "
            "pip install 'qlatent_tf[perceval]'."
        ) from None
    message = getattr(messages, _KINDS[tag])()
    try:
        message.ParseFromString(data)
        _check_message(message)
        return np.asarray(circuit_matrix(deserialize(f"{_PERCEVAL}{tag}:{content}")))
    except Exception as error:  # Of many kinds, where bytes are damaged.
        raise ValueError(f"{path} is no circuit that can be read: {error}") from error


def read_blackbird(path: Path) -> np.ndarray:
    """Reads the passive gates that Piquasso wrote by `save_as_blackbird_code`.

    Raises:
      ValueError: if a line is no passive gate with numbers.
    """
    gates, modes = [], 0
    for number, line in enumerate(_text(path).splitlines(), start=1):
        statement = line.partition("#")[0].strip()
        if not statement or _PREAMBLE.fullmatch(statement):
            continue
        where = f"{path}, line {number}"
        found = _STATEMENT.fullmatch(statement)
        if not found or found[1] not in _GATES:
            raise ValueError(
                f"{where} is no passive gate with numbers; legal are {', '.join(_GATES)}, such as "
                "BSgate(0.3, 0.2) | [0, 1]."
            )
        width, least, defaults, block = _GATES[found[1]]
        given = [part.strip() for part in (found[2] or "").split(",") if part.strip()]
        places = [int(part[:9]) for part in re.findall(r"\d+", found[3])]
        if max(places, default=0) >= MOST_MODES:
            raise ValueError(f"{where}: modes are from 0 to {MOST_MODES - 1}; one is higher.")
        if not len(set(places)) == len(places) == width:
            raise ValueError(f"{where}: {found[1]} has {width} modes, each another one.")
        if not least <= len(given) <= len(defaults):
            raise ValueError(
                f"{where}: {found[1]} has {len(defaults)} numbers, of which {least} are needed; "
                f"received {len(given)}."
            )
        if not all(_NUMBER.fullmatch(part) and math.isfinite(float(part)) for part in given):
            raise ValueError(f"{where}: the arguments of {found[1]} are finite numbers.")
        gates.append((places, block(*map(float, given), *defaults[len(given) :])))
        modes = max(modes, *(place + 1 for place in places))
    if not gates:
        raise ValueError(f"{path} holds no gates.")
    return _product(gates, modes)


def _perceval_matrix(circuit) -> Any:
    _warn_of_what_is_left(circuit)
    if hasattr(circuit, "linear_circuit"):
        circuit = circuit.linear_circuit()
    elif hasattr(circuit, "unitary_circuit"):
        circuit = circuit.unitary_circuit()
    if not hasattr(circuit, "compute_unitary"):
        return circuit
    free = [one.name for one in circuit.get_parameters() if not one.defined]
    if free:
        raise ValueError(f"The circuit's parameters have values; {', '.join(free)} has none.")
    return np.array(circuit.compute_unitary(use_symbolic=False), np.complex128)


def _warn_of_what_is_left(experiment) -> None:
    """Says what of a processor or an experiment no matrix holds."""
    noise = getattr(experiment, "noise", None)
    left = {
        f"the noise {noise}": noise is not None and noise != type(noise)(),
        f"the input state {getattr(experiment, 'input_state', None)}": (
            getattr(experiment, "input_state", None) is not None
        ),
        "heralds": bool(getattr(experiment, "heralds", None)),
        "post-selection": bool(str(getattr(experiment, "post_select_fn", None) or "")),
        "detectors": any(one is not None for one in getattr(experiment, "detectors", ())),
    }
    named = [what for what, is_there in left.items() if is_there]
    if named:
        logging.warning(
            "Of Perceval's %s the linear circuit alone is taken, without %s. Options of the "
            "latent, such as input_state, indistinguishability, transmission and postselect, say "
            "the same.",
            type(experiment).__name__,
            ", ".join(named),
        )


def _piquasso_matrix(program) -> Any:
    from piquasso import Config, NumpyConnector

    gates = []
    for gate in getattr(program, "instructions", [program]):
        name = type(gate).__name__
        if not hasattr(gate, "_get_passive_block") or hasattr(gate, "_get_active_block"):
            raise ValueError(
                f"A Piquasso program is an interferometer if all its gates are passive; received "
                f"{name}."
            )
        block = np.array(gate._get_passive_block(NumpyConnector(), Config()), np.complex128)
        # An interferometer without modes acts on all.
        modes = list(gate.modes or (range(len(block)) if name == "Interferometer" else ()))
        if len(block) != len(modes):
            raise ValueError(f"{name} acts on {len(block)} modes; received modes={modes}.")
        gates.append((modes, block))
    if not gates:
        raise ValueError("The Piquasso program has no gates.")
    return _product(gates, 1 + max(mode for modes, _ in gates for mode in modes))


def _product(gates, modes: int) -> np.ndarray:
    """The unitary of gates, in the order in which light meets them."""
    unitary = np.eye(modes, dtype=np.complex128)
    for places, block in gates:
        unitary[places] = block @ unitary[places]
    return unitary


def _beam_splitter(theta: float, phi: float) -> np.ndarray:
    cos, sin, turn = math.cos(theta), math.sin(theta), cmath.exp(1j * phi)
    return np.array([[cos, -sin / turn], [sin * turn, cos]])


def _mach_zehnder(inside: float, outside: float) -> np.ndarray:
    inner, outer = cmath.exp(1j * inside), cmath.exp(1j * outside)
    return 0.5 * np.array(
        [[outer * (inner - 1), 1j * (inner + 1)], [1j * outer * (inner + 1), 1 - inner]]
    )


# Gate -> modes, arguments that it needs, the defaults of all, and its matrix.
_GATES = {
    "BSgate": (2, 0, (math.pi / 4, 0.0), _beam_splitter),
    "MZgate": (2, 2, (0.0, 0.0), _mach_zehnder),
    "Rgate": (1, 1, (0.0,), lambda phi: np.array([[cmath.exp(1j * phi)]])),
    "Fouriergate": (1, 0, (), lambda: np.array([[1j]])),
}


def _check_message(message) -> None:
    """Refuses what Perceval would hand to SymPy, which evaluates text as Python, and vast sizes."""
    for field, value in message.ListFields():
        if field.name in ("expression", "expr_parameters", "symbol"):
            raise ValueError("it has parameters without values, or expressions.")
        if field.name == "max_error" and value.real_value != 0:
            raise ValueError("it has a phase with a random error: export the circuit without one.")
        if field.name in ("n_mode", "rows", "cols", "starting_mode") and not value <= MOST_MODES:
            raise ValueError(f"it has {value:,} modes; legal are up to {MOST_MODES:,}.")
        names = message.DESCRIPTOR.name == "Parameter" and field.name == "name"
        if names and not re.fullmatch(r"\w[\w ]*", value):
            raise ValueError("it has a parameter whose name is of other characters than letters.")
        for one in value if hasattr(value, "__len__") else [value]:
            if hasattr(one, "ListFields"):
                _check_message(one)


def _unzipped(data: bytes) -> bytes:
    unzip = zlib.decompressobj()
    content = unzip.decompress(data, LARGEST_BYTES)
    if not unzip.eof:
        raise ValueError(f"it is cut off, or larger than {LARGEST_BYTES:,} bytes")
    return content


def _text(path: Path) -> str:
    check_regular(path, LARGEST_BYTES)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
