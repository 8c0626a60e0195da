"""Circuits of Perceval and Piquasso, as objects and as files, are the unitaries that they say."""

import base64
import zlib

import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given

from qlatent_tf.quantum import circuits, exact_distribution, haar_unitary, load_unitary
from qlatent_tf.quantum.arguments import check_unitary

BLACKBIRD = """name exported_piquasso_program
version 1.0

BSgate(0.3, 0.2) | [0, 1]
Rgate(0.7) | 2
MZgate(0.1, -2e-1) | [1, 2]
Fouriergate() | 0
"""


@pytest.fixture(scope="module")
def pcvl():
    return pytest.importorskip("perceval")


@pytest.fixture(scope="module")
def circuit(pcvl):
    """Beam splitters of each convention, phases, a parameter with a value, and a matrix."""
    angle = pcvl.Parameter("angle")
    angle.set_value(0.4)
    circuit = pcvl.Circuit(4) // (0, pcvl.BS(0.3)) // (1, pcvl.PS(0.2)) // (2, pcvl.BS.Ry(1.0))
    circuit = circuit // (1, pcvl.BS.H(angle, phi_tl=0.1)) // pcvl.PERM([2, 0, 1, 3])
    return circuit // pcvl.Unitary(pcvl.Matrix(haar_unitary(4, 0)))


@pytest.fixture(scope="module")
def program():
    """What Blackbird holds, and a matrix."""
    pq = pytest.importorskip("piquasso")
    with pq.Program() as program:
        pq.Q(0, 1) | pq.Beamsplitter(0.3, 0.2)
        pq.Q(2) | pq.Phaseshifter(0.7)
        pq.Q(1, 2) | pq.MachZehnder(0.1, -0.2)
        pq.Q(0) | pq.Fourier()
        pq.Q(2, 0, 1) | pq.Interferometer(haar_unitary(3, 0))
    return program


def test_a_circuit_of_perceval_stands_for_its_unitary(pcvl, circuit):
    unitary = np.asarray(circuit.compute_unitary())
    processor = pcvl.Processor("SLOS", circuit)
    for one in (circuit, processor, processor.experiment, pcvl.Matrix(unitary)):
        np.testing.assert_allclose(check_unitary(one), unitary, atol=1e-12)
    # Its probabilities are those of this matrix, not of its transpose.
    processor.with_input(pcvl.BasicState([1, 1, 0, 0]))
    processor.min_detected_photons_filter(0)
    theirs = {tuple(state): share for state, share in processor.probs()["results"].items()}
    outcomes, law = exact_distribution(circuit, [1, 1, 0, 0])
    ours = [theirs.get(tuple(map(int, outcome)), 0.0) for outcome in outcomes]
    np.testing.assert_allclose(law, ours, atol=1e-9)


def test_a_circuit_without_values_is_refused(pcvl):
    with pytest.raises(ValueError, match="parameters have values; phi has none"):
        check_unitary(pcvl.Circuit(2) // (0, pcvl.PS(pcvl.P("phi"))))


@pytest.mark.parametrize("compress", [True, False])
def test_a_circuit_that_perceval_exported_is_a_unitary_file(pcvl, circuit, tmp_path, compress):
    file = tmp_path / "circuit.pcvl"
    unitary = np.asarray(circuit.compute_unitary())
    for one in (circuit, pcvl.Matrix(unitary)):
        file.write_text(pcvl.serialization.serialize(one, compress=compress))
        np.testing.assert_allclose(load_unitary(file), unitary, atol=1e-12)
        pcvl.serialization.serialize_to_file(one, str(file), compress=compress)
        np.testing.assert_allclose(load_unitary(file), unitary, atol=1e-12)


def test_nothing_in_an_export_of_perceval_is_evaluated(pcvl, tmp_path, monkeypatch):
    from exqalibur.serialization import circuit_pb2 as messages

    file, trap = tmp_path / "circuit.pcvl", tmp_path / "trap"
    message = messages.Circuit(n_mode=1)
    phase = message.components.add(starting_mode=0, n_mode=1).phase_shifter.phi
    phase.expression = f"open({str(trap)!r}, 'w')"
    content = base64.b64encode(message.SerializeToString()).decode()
    for text in (f":PCVL:ACircuit:{content}", f":PCVL:zip:{_zipped(f':PCVL:ACircuit:{content}')}"):
        file.write_text(text)
        with pytest.raises(ValueError, match="circuit.pcvl.*parameters without values, or expre"):
            load_unitary(file)
    assert not trap.exists()
    monkeypatch.setattr(circuits, "LARGEST_BYTES", 1000)
    for text, words in (
        (pcvl.serialization.serialize(pcvl.BasicState([1, 0])), "holds 'BasicState' of Perceval"),
        ("import os", "does not begin with :PCVL:"),
        (":PCVL:ACircuit:???", "no whole export"),
        (f":PCVL:zip:{_zipped('x' * 2000)}", "larger than"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=f"circuit.pcvl.*{words}"):
            load_unitary(file)
    vast = messages.Circuit(n_mode=10**9).SerializeToString()
    file.write_text(f":PCVL:ACircuit:{base64.b64encode(vast).decode()}")
    with pytest.raises(ValueError, match="1,000,000,000 modes"):
        load_unitary(file)


def _zipped(text):
    return base64.b64encode(zlib.compress(text.encode())).decode()


def test_a_program_of_piquasso_stands_for_its_unitary(program):
    import piquasso as pq

    unitary = check_unitary(program)
    with pq.Program() as whole:
        pq.Q() | pq.NumberState([1, 1, 0])
        for gate in program.instructions:
            pq.Q(*gate.modes) | type(gate)(**gate.params)
    state = pq.PassiveSimulator(d=3).execute(whole).state
    np.testing.assert_allclose(state.interferometer, unitary, atol=1e-12)
    np.testing.assert_allclose(check_unitary(program.instructions[-1])[2, 2], unitary_entry())
    with pytest.raises(ValueError, match="all its gates are passive; received Squeezing"):
        check_unitary(pq.Program([pq.Squeezing(0.1)]))
    with pq.Program() as nowhere:
        pq.Q() | pq.Phaseshifter(0.9)
    with pytest.raises(ValueError, match=r"Phaseshifter acts on 1 modes; received modes=\[\]"):
        check_unitary(nowhere)


def unitary_entry():
    """The gate acts on the modes 2, 0, 1 in this order."""
    return haar_unitary(3, 0)[0, 0]


def test_gates_that_piquasso_exported_are_a_unitary_file(program, tmp_path):
    import piquasso as pq

    gates, file = pq.Program(program.instructions[:-1]), tmp_path / "circuit.xbb"
    gates.save_as_blackbird_code(str(file))
    assert file.read_text().split() == BLACKBIRD.replace("-2e-1", "-0.2").split()
    for text in (file.read_text(), BLACKBIRD):
        file.write_text(text)
        np.testing.assert_allclose(load_unitary(file), check_unitary(gates), atol=1e-12)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Sgate(0.3) | 0", "line 3 is no passive gate"),
        ("BSgate(x, 0.2) | [0, 1]", "line 3: the arguments of BSgate are finite numbers"),
        ("BSgate(1e999, 0.2) | [0, 1]", "line 3: the arguments of BSgate are finite numbers"),
        ("BSgate(0.1, 0.2) | [1, 1]", "line 3: BSgate has 2 modes, each another one"),
        ("Rgate() | 0", "line 3: Rgate has 1 numbers, of which 1 are needed; received 0"),
        ("Rgate(0.1) | 999999999999", "line 3: modes are from 0 to 4095; one is higher"),
        ("include 'other.xbb'", "line 3 is no passive gate"),
        ("", "holds no gates"),
    ],
)
def test_other_blackbird_is_refused(tmp_path, line, words):
    file = tmp_path / "circuit.xbb"
    file.write_text(f"name test\nversion 1.0\n{line}\n")
    with pytest.raises(ValueError, match=f"circuit.xbb.*{words}"):
        load_unitary(file)


@FUZZ
@given(damaged(BLACKBIRD.encode()))
def test_damaged_blackbird_is_read_or_refused(tmp_path, content):
    assert_read_or_refused(load_unitary, tmp_path / "circuit.xbb", content)


def test_damaged_exports_of_perceval_are_read_or_refused(pcvl, circuit, tmp_path):
    whole = pcvl.serialization.serialize(circuit, compress=False).encode()
    zipped = pcvl.serialization.serialize(circuit, compress=True).encode()

    @FUZZ
    @given(damaged(whole, zipped))
    def check(content):
        assert_read_or_refused(load_unitary, tmp_path / "circuit.pcvl", content)

    check()


def test_what_of_a_processor_no_matrix_holds_is_told(pcvl, circuit, caplog):
    check_unitary(pcvl.Processor("SLOS", circuit))
    assert not caplog.text
    noise = pcvl.NoiseModel(indistinguishability=0.9)
    processor = pcvl.Processor("SLOS", circuit, noise=noise)
    processor.set_postselection(pcvl.PostSelect("[0] == 1"))
    processor.with_input(pcvl.BasicState([1, 1, 0, 0]))
    check_unitary(processor)
    assert "without the noise {'indistinguishability': 0.9}, the input state" in caplog.text
    assert "post-selection. Options of the latent" in caplog.text
