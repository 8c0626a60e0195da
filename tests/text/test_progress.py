"""Progress bars in a file: few lines, each whole."""

import io

from qlatent_tf.text.progress import ProgressBar


def test_a_file_gets_a_line_for_each_twentieth_of_the_work():
    file = io.StringIO()
    with ProgressBar(total=1000, desc="train", file=file, mininterval=0) as bar:
        for _ in range(1000):
            bar.update()
    lines = file.getvalue().splitlines()
    assert len(lines) == 21 and "\r" not in file.getvalue()
    assert lines[0].startswith("train:   0%") and "1000/1000" in lines[-1]


def test_work_without_an_end_and_what_stops_early_say_where_they_were():
    file = io.StringIO()
    for total in (None, 100):
        with ProgressBar(total=total, file=file, mininterval=0, unit="row") as bar:
            for _ in range(3):
                bar.update()
    lines = file.getvalue().splitlines()
    assert len(lines) == 4 and "3row" in lines[1] and "3/100" in lines[3]


def test_a_minute_is_worth_a_line(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("qlatent_tf.text.progress.time.monotonic", lambda: now[0])
    file = io.StringIO()
    with ProgressBar(total=10**6, file=file, mininterval=0) as bar:
        for _ in range(5):
            now[0] += 30
            bar.update()
    assert len(file.getvalue().splitlines()) == 1 + 2 + 1
