import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given
from hypothesis import strategies as st

from qlatent_tf.quantum.unitaries import (
    haar_unitary,
    load_unitary,
    loop_unitary,
    parse_delays,
    random_directions,
)


def deviation_from_unitary(matrix):
    return np.abs(matrix.conj().T @ matrix - np.eye(len(matrix))).max()


@pytest.mark.parametrize("modes", [1, 2, 7, 48])
def test_haar_unitary_is_unitary(modes):
    assert deviation_from_unitary(haar_unitary(modes, seed=3)) < 1e-13


def test_haar_unitary_of_a_seed_is_fixed_for_ever():
    # RandomState(0).standard_normal starts with these frozen numbers; in one mode U is the phase
    # of the first complex one.
    gaussian = 1.764052345967664 + 0.4001572083672233j
    np.testing.assert_allclose(haar_unitary(1, 0), [[gaussian / abs(gaussian)]], rtol=1e-14)
    assert np.abs(haar_unitary(4, 0) - haar_unitary(4, 1)).max() > 0.1


def test_haar_unitary_follows_the_haar_measure():
    matrices = np.array([haar_unitary(3, seed) for seed in range(4000)])
    # E|U_ij|^2 = 1/m, E|U_ij|^4 = 2/(m (m+1)); E|tr U|^2 = 1 fails without the phase fix.
    np.testing.assert_allclose((np.abs(matrices) ** 2).mean(0), 1 / 3, atol=0.02)
    np.testing.assert_allclose((np.abs(matrices) ** 4).mean(0), 1 / 6, atol=0.02)
    traces = np.trace(matrices, axis1=1, axis2=2)
    assert abs((np.abs(traces) ** 2).mean() - 1) < 0.08
    assert abs(traces.mean()) < 0.06


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, "0"])
def test_haar_unitary_refuses_other_seeds(seed):
    with pytest.raises(ValueError, match="seed"):
        haar_unitary(4, seed)


def test_random_directions_are_at_right_angles_and_follow_the_haar_measure():
    directions = random_directions(6, 4, seed=3)
    np.testing.assert_allclose(directions.T @ directions, np.eye(4), atol=1e-12)
    np.testing.assert_array_equal(directions, random_directions(6, 4, seed=3))
    # The projector on random directions is on average (directions / modes) times the identity.
    projectors = [d @ d.T for d in (random_directions(3, 2, seed) for seed in range(2000))]
    np.testing.assert_allclose(np.mean(projectors, axis=0), np.eye(3) * 2 / 3, atol=0.04)
    # No sign is preferred.
    entries = np.array([random_directions(3, 2, seed) for seed in range(2000)])
    np.testing.assert_allclose(entries.mean(axis=0), 0, atol=4 * np.sqrt(1 / 3 / 2000))
    np.testing.assert_allclose((entries**2).mean(axis=0), 1 / 3, atol=0.04)


@pytest.mark.parametrize("modes, directions", [(3, 0), (3, 4), (0, 1), (3, 1.5)])
def test_random_directions_refuses(modes, directions):
    with pytest.raises(ValueError, match="received"):
        random_directions(modes, directions, seed=0)


def test_one_splitter_sends_one_photon_to_cos2_sin2():
    unitary = loop_unitary(2, "1", angles=[0.3])
    np.testing.assert_allclose(np.abs(unitary[:, 0]) ** 2, [np.cos(0.3) ** 2, np.sin(0.3) ** 2])


def test_loops_are_applied_one_after_the_other():
    modes, delays = 5, (1, 3)
    angles = np.linspace(0.1, 1.5, 4 + 2)
    expected = np.eye(modes)
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (1, 4)]
    for (i, j), angle in zip(pairs, angles, strict=True):
        splitter = np.eye(modes)
        splitter[i, i] = splitter[j, j] = np.cos(angle)
        splitter[i, j], splitter[j, i] = -np.sin(angle), np.sin(angle)
        expected = splitter @ expected
    np.testing.assert_allclose(loop_unitary(modes, delays, angles=angles), expected, atol=1e-15)


@pytest.mark.parametrize("delays", ["1-1", "1-3-9", (2, 5)])
def test_random_loops_are_unitary_and_seeded(delays):
    unitary = loop_unitary(16, delays, seed=1)
    assert deviation_from_unitary(unitary) < 1e-13
    np.testing.assert_array_equal(unitary, loop_unitary(16, delays, seed=1))
    assert np.abs(unitary - loop_unitary(16, delays, seed=2)).max() > 0.1


def test_a_loop_lets_a_photon_leave_early_by_its_delay_only():
    # The pulse held back meets later bins only, so nothing reaches a bin more than one delay ahead.
    unitary = loop_unitary(8, "1", seed=0)
    assert np.all(unitary[np.triu_indices(8, 2)] == 0)


@pytest.mark.parametrize(
    "delays",
    [
        "",
        "1-",
        "a",
        "0",
        "-1",
        (),
        (1.5,),
        None,
        "haar",
        True,
        (True, 3),
        (1j,),
        "1_0",
        "+1",
        "\u0967",
    ],
)
def test_parse_delays_refuses(delays):
    with pytest.raises(ValueError, match="1-3-9"):
        parse_delays(delays)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(delays="4", seed=0), "modes - 1 = 3"),
        (dict(delays="1"), "angles or a seed"),
        (dict(delays="1", angles=[0, 0, 0], seed=0), "angles or a seed"),
        (dict(delays="1", angles=[0, 0]), "3 splitters"),
        (dict(delays="1", angles=[0, 0, np.nan]), "finite"),
        (dict(delays="1", angles=[0, 0, 1j]), "angles holds finite real numbers"),
    ],
)
def test_loop_unitary_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        loop_unitary(4, **options)


@pytest.mark.parametrize(
    "name, write",
    [
        ("u.npy", np.save),
        ("u.npz", np.savez),
        ("u.csv", lambda path, unitary: np.savetxt(path, unitary, delimiter=",")),
    ],
)
def test_load_unitary_reads_what_numpy_wrote(tmp_path, name, write):
    unitary = haar_unitary(5, 0)
    write(tmp_path / name, unitary)
    np.testing.assert_array_equal(load_unitary(tmp_path / name), unitary)


def test_load_unitary_takes_a_key(tmp_path):
    np.savez(tmp_path / "u.npz", first=np.eye(2), second=np.eye(3))
    assert load_unitary(tmp_path / "u.npz", key="second").shape == (3, 3)
    with pytest.raises(ValueError, match="first, second"):
        load_unitary(tmp_path / "u.npz")
    with pytest.raises(ValueError, match="'third'"):
        load_unitary(tmp_path / "u.npz", key="third")


def test_load_unitary_reads_a_real_csv(tmp_path):
    (tmp_path / "u.csv").write_text("\ufeff0, 1\n1, 0\n\n", encoding="utf-8")
    np.testing.assert_array_equal(load_unitary(tmp_path / "u.csv"), [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("u.txt", b"1", "ends in .npy"),
        ("u.npy", b"damaged", "u.npy is not a whole .npy file"),
        ("u.npy", b"", "u.npy is not a whole .npy file"),
        ("u.npz", b"damaged", "u.npz is not a whole .npz file"),
        ("u.csv", b"1,0\n\n0\n", "u.csv, line 3 has 1 numbers; the first row has 2"),
        ("u.csv", b"", "u.csv: A unitary is a square matrix"),
        ("u.csv", b"1_0\n", "u.csv, line 1 holds '1_0'"),
        ("u.csv", "\u0661\n".encode(), "u.csv, line 1 holds '\u0661'"),
        ("u.csv", b"1,0\n\n0,x\n", "u.csv, line 3 holds 'x'; an entry reads like 0.5"),
        ("u.csv", b"\xff\xfe,1\n", "u.csv is no text in UTF-8"),
        ("u.csv", b"1,1\n0,1\n", "u.csv: The matrix is not unitary"),
        ("u.csv", b"1,0,0\n0,1,0\n", "square"),
    ],
)
def test_load_unitary_refuses(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_unitary(tmp_path / name)


def test_load_unitary_runs_no_pickle(tmp_path):
    np.save(tmp_path / "u.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="u.npy holds pickled Python objects"):
        load_unitary(tmp_path / "u.npy")


def test_load_unitary_takes_a_path():
    with pytest.raises(ValueError, match="unitary_file is named by a path; received True"):
        load_unitary(True)


def test_load_unitary_knows_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "u.npy", haar_unitary(3, 1))
    np.testing.assert_array_equal(load_unitary("~/u.npy"), haar_unitary(3, 1))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u.npy").rename("~u.npy")
    np.testing.assert_array_equal(load_unitary("~u.npy"), haar_unitary(3, 1))


def test_load_unitary_names_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.npy"):
        load_unitary(tmp_path / "absent.npy")


@FUZZ
@given(
    st.one_of(
        damaged(b"0,1\n1,0\n", b"0.6,0.8j\n0.8j,0.6\n"), st.text("01.ej+-,nai_ \n").map(str.encode)
    )
)
def test_any_table_is_read_or_refused_by_its_name(tmp_path, content):
    assert_read_or_refused(load_unitary, tmp_path / "u.csv", content)
