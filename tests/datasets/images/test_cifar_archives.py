import os
import pickle

import numpy as np
import pytest
from harness import python2_batch

from qlatent_tf.datasets.images.cifar_archives import read_pickle

DATA = np.random.default_rng(0).integers(0, 256, (3, 3072), np.uint8)


def test_the_batches_of_python_2():
    content = python2_batch(DATA, [5, 0, 9])
    data, labels = read_pickle(content)
    np.testing.assert_array_equal(data, DATA)
    assert labels.tolist() == [5, 0, 9]
    # Python's own reader finds the same in it.
    own = pickle.loads(content, encoding="bytes")
    np.testing.assert_array_equal(own[b"data"], DATA)
    assert own[b"labels"] == [5, 0, 9]


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_same_written_by_python_3(protocol, order):
    data = np.array(DATA, order=order)
    read, labels = read_pickle(pickle.dumps({b"data": data, b"labels": [1, 2, 300]}, protocol))
    np.testing.assert_array_equal(read, DATA)
    assert labels.tolist() == [1, 2, 300]


class _Shell:
    def __reduce__(self):
        return os.system, ("touch broken_into",)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_called(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="no batch"):
        read_pickle(pickle.dumps({b"data": _Shell()}, protocol))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"\x80\x02.",
        b"\x80\x02}",
        b"\x80\x02h\x05.",
        b"\x80\x02u.",
        b"\x80\x02].",
        pickle.dumps({b"data": DATA.astype(np.int64), b"labels": [1, 2, 3]}, 4),
        pickle.dumps({b"data": DATA}, 4),
        pickle.dumps({b"data": DATA, b"labels": ["a", "b", "c"]}, 4),
        pickle.dumps({1, 2}, 4),
        python2_batch(DATA, [1, 2, 3])[:-500],
        python2_batch(DATA, [1, 2, 3]).replace(b"M\x00\x0c", b"M\x00\x0d"),
    ],
)
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match="no batch"):
        read_pickle(content)
