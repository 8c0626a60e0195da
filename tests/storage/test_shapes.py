import json

import pytest

from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import METRICS
from qlatent_tf.storage.shapes import EVALUATION, check_shape

SCORE = {"mean": 0.5, "standard_error": None, "values": [0.5, None]}
GOOD = {"dataset": "qm9", "num_samples": 5, "seeds": [0, 1], "metrics": {"fcd@5": SCORE}}


@pytest.mark.parametrize(
    "value, shape",
    [
        (GOOD, EVALUATION),
        ({**GOOD, "step": 3, "more": [{}]}, METRICS["gan"]),
        (3, float),
        (None, (int, None)),
        ([], [str]),
        ({"anything": [1, {}]}, dict),
        ({"step": 1, "fcd": 0.5}, {"step": int, str: (float, None)}),
    ],
)
def test_what_has_the_shape(value, shape):
    check_shape(value, shape)


@pytest.mark.parametrize(
    "value, shape, message",
    [
        (True, int, "it is a whole number; received True"),
        (1.0, int, "a whole number; received 1.0"),
        (2**63, int, "a whole number; received a whole number of 64 bits"),
        (10**400, float, "a number; received a whole number"),
        (float("nan"), float, "a number; received nan"),
        ("1", (float, None), "a number; received '1'"),
        ([1, "a" * 100], [int], r"\[1\] is a whole number; received 'aaa"),
        ({}, EVALUATION, "it lacks dataset, num_samples, metrics, seeds"),
        ([], EVALUATION, "it is an object; received a list"),
        ({**GOOD, "seeds": 3}, EVALUATION, "seeds is a list; received a whole number"),
        ({**GOOD, "metrics": {"a": {}}}, EVALUATION, "metrics.a lacks mean, standard_error"),
        (
            {**GOOD, "metrics": {"a\nb": {**SCORE, "values": [[]]}}},
            EVALUATION,
            r"metrics.a\\nb.values\[0\] is a number; received a list",
        ),
        ({"step": 1, "fcd": "x"}, {"step": int, str: (float, None)}, "fcd is a number"),
    ],
)
def test_another_shape_is_named_with_its_place(value, shape, message):
    with pytest.raises(ValueError, match=message):
        check_shape(value, shape)


@pytest.mark.parametrize(
    "content",
    [
        b'{"step": NaN}',
        b'{"step": -Infinity}',
        b'{"step": 1}{',
        b'{"name": "\\ud800"}',
        b'{"a":' * 100_000,
        b"-" + b"9" * 5_000,
        "{}".encode("utf-16"),
    ],
    ids=range(7),
)
def test_what_json_does_not_know_is_refused_by_the_files_name(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ValueError, match="x.json cannot be read as JSON"):
        read_json(tmp_path / "x.json")


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(GOOD), encoding="utf-8-sig")
    assert read_json(tmp_path / "x.json", EVALUATION) == GOOD


def test_devices_and_what_fills_memory_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="/dev/zero is not a regular file"):
        read_json("/dev/zero")
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    monkeypatch.setattr("qlatent_tf.storage.files.MAX_JSON_BYTES", 20)
    with pytest.raises(ValueError, match="x.json has 1.. bytes; legal are up to 20"):
        read_json(tmp_path / "x.json")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "absent.json")
