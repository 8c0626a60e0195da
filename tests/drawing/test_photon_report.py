import dataclasses
import itertools

import numpy as np
import pytest

from qlatent_tf.drawing.photon_report import sample_figure
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.validate import validate_samples


@pytest.fixture(scope="module", params=[True, False], ids=["known circuit", "unknown circuit"])
def report(request):
    unitary, state = haar_unitary(6, 0), [1, 1, 1, 0, 0, 0]
    rows = BosonSampler(unitary, state).sample(2000, 1)
    return validate_samples(rows, unitary=unitary if request.param else None, circuits=5)


def _panels(report):
    figure = sample_figure(report, "title")
    figure.set_dpi(110)
    figure.draw_without_rendering()
    return {panel.get_title(): panel for panel in figure.axes}


def test_expected_means_cover_their_bars(report):
    panel = _panels(report)["Mean photon numbers"]
    if not report.predictions:
        assert not panel.patches[6:]
        return
    values, edges, _ = panel.patches[-1].get_data()
    np.testing.assert_array_equal(values, report.predictions["boson"].mean)
    np.testing.assert_array_equal(edges, np.arange(7) - 0.5)


@pytest.mark.parametrize(
    "low", [-0.41, *(pytest.param(low, marks=pytest.mark.slow) for low in (-1.4, -30.0))]
)
def test_labels_of_ticks_stand_apart(report, low):
    signature = report.measured.signature._replace(normalised_mean=low)
    measured = report.measured._replace(signature=signature)
    signatures = np.linspace([low, -1, -3], [-0.02, -0.5, 1], 9)
    report = dataclasses.replace(
        report, predictions={}, measured=measured, ensembles={"boson": signatures}
    )
    for panel in _panels(report).values():
        low, high = panel.get_xlim()
        labels = [
            label.get_window_extent()
            for label in panel.get_xticklabels()
            if label.get_text() and low <= label.get_position()[0] <= high
        ]
        for left, right in itertools.pairwise(labels):
            assert right.x0 - left.x1 > 10, panel.get_title()
