"""Calibrated Gaussian boson samplers: what was measured beside what is computed.

    python -m benchmarks.gaussian_devices gbs_hardware_calibration.npz        # some minutes
    python -m benchmarks.gaussian_devices FILE --samples 2000                 # a look
    python -m benchmarks.gaussian_devices FILE --figure docs/images/gaussian_devices.png

For each device in the file, and each kind of light:

- the root mean square of the relative difference between computed and measured means, over modes;
- the total variation distance between computed and measured distributions of the total count;
- the same, with one factor of the transmission fitted to the measured mean total;
- covariances of pairs of modes, where the file has `NAME_pair_moments`: means of products.

Devices called jiuzhang have threshold detectors. Totals of clicks, and of coherent light, are
averages over drawn intensities: the law is the mean of two halves, and half their distance, behind
±, says what is noise.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from qlatent_tf.tools.arguments import count
from scipy.optimize import brentq

from benchmarks.report import new_parser, show_report
from qlatent_tf.drawing.style import INK, latent_style, new_figure, save_figure, shared_legend, tidy
from qlatent_tf.quantum.gaussian.calibrations import Calibration, list_names, read_calibration
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.gaussian.light import LIGHTS
from qlatent_tf.storage import npy_files

NAMES = dict(zip(LIGHTS, ("gaussian_boson", "squashed", "thermal", "coherent"), strict=True))


class Comparison(NamedTuple):
    """What one kind of light makes of a device.

    Attributes:
      device: GaussianDevice.
      law: float64 array. The distribution of its total count.
      difference: float. Of the means, see above.
      distance: float. Of the law to the measured one.
      noise: float. Of this distance.
    """

    device: GaussianDevice
    law: np.ndarray
    difference: float
    distance: float
    noise: float


def detector(name: str) -> str:
    """Returns the kind of detectors that a device had."""
    return "threshold" if name.startswith("jiuzhang") else "number"


def device_of(calibration: Calibration, light: str, factor: float) -> GaussianDevice:
    """Returns a device whose transmission is that of its calibration times a factor."""
    return GaussianDevice(
        calibration.transfer * np.sqrt(factor),
        calibration.squeezing,
        light=light,
        detector=detector(calibration.name),
    )


def compare(
    calibration: Calibration, light: str, samples: int, transmission: float = 1.0
) -> Comparison:
    """Compares a device with what was measured; `transmission` may be above 1."""
    device = device_of(calibration, light, transmission)
    halves = [device.total_distribution(samples // 2, seed) for seed in range(2)]
    law = np.sum([_padded(half, max(map(len, halves))) for half in halves], axis=0) / 2
    relative = device.mean() / calibration.mean_counts - 1
    return Comparison(
        device,
        law,
        float(np.sqrt(np.mean(relative**2))),
        distance(law, calibration.total_distribution),
        distance(*halves) / 2,
    )


def fitted_transmission(calibration: Calibration, light: str) -> float:
    """Returns the factor of the transmission at which the mean total is the measured one.

    Raises:
      ValueError: if no transmission of a device is.
    """

    def excess(factor: float) -> float:
        device = device_of(calibration, light, factor)
        return float(device.mean().sum() - calibration.mean_counts.sum())

    least, most = 1e-3, 1 / np.linalg.norm(calibration.transfer, ord=2) ** 2
    if not excess(least) < 0 < excess(most):
        raise ValueError(
            f"With {light} light, no transmission from {least:g} to {most:.3g} times that of "
            f"{calibration.name} has the mean total {calibration.mean_counts.sum():.4g}."
        )
    return float(brentq(excess, least, most, xtol=1e-6))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the total variation distance of two laws of 0, 1, 2, ..."""
    size = max(len(first), len(second))
    return float(np.abs(_padded(first, size) - _padded(second, size)).sum() / 2)


def pair_covariances(file: Path, calibration: Calibration) -> np.ndarray | None:
    """Returns the measured covariances of pairs i < j, or None if the file has none."""
    key = f"{calibration.name}_pair_moments"
    if key not in npy_files.npz_members(file):
        return None
    first, second = np.triu_indices(len(calibration.transfer), 1)
    means = calibration.mean_counts
    return np.asarray(npy_files.open_npz(file, key), np.float64) - means[first] * means[second]


def report(file: Path, samples: int) -> tuple[str, dict[str, dict[str, Comparison]]]:
    """Returns tables in Markdown, and the comparisons behind them."""
    calibrations = [
        read_calibration(f"{file}:{name}") for name in list_names(npy_files.npz_members(file))
    ]
    titles = " | ".join(f"`{NAMES[light]}`" for light in LIGHTS)
    ruler = "---:|" * len(LIGHTS)
    means = [f"| device | modes | measured | computed | {titles} |", f"|---|---:|---:|---:|{ruler}"]
    totals = [f"| device | {titles} | closest control |", f"|---|{ruler}---|"]
    fitted = [f"| device | factor | {titles} | closest control |", f"|---|---:|{ruler}---|"]
    pairs = [
        f"| device | {' | '.join(f'`{NAMES[light]}` | factor' for light in LIGHTS)} |",
        f"|---|{2 * ruler}",
    ]
    compared = {}
    for calibration in calibrations:
        name = f"`{calibration.name}`"
        found = {light: compare(calibration, light, samples) for light in LIGHTS}
        compared[calibration.name] = found
        computed = found["squeezed"].device.mean().sum()
        measured = calibration.mean_counts.sum()
        cells = [name, str(len(calibration.transfer)), f"{measured:.2f}", f"{computed:.2f}"]
        means.append(_row(cells + [f"{100 * one.difference:.2f} %" for one in found.values()]))
        totals.append(_row([name, *_distances(found), _closest(found)]))
        factors = {light: fitted_transmission(calibration, light) for light in LIGHTS}
        scaled = {
            light: compare(calibration, light, samples, factor) for light, factor in factors.items()
        }
        cells = [name, f"{factors['squeezed']:.3f}"]
        fitted.append(_row([*cells, *_distances(scaled), _closest(scaled)]))
        covariances = pair_covariances(file, calibration)
        if covariances is not None:
            cells = [cell for one in LIGHTS for cell in _pair_cells(found[one], covariances)]
            pairs.append(_row([name, *cells]))
        for table in (means, totals, fitted):
            print(table[-1], file=sys.stderr, flush=True)
    parts = {
        "Mean counts a shot, and the root mean square relative difference over modes:": means,
        "Total variation distance to the measured distribution of the total count:": totals,
        "The same, with the transmission fitted to the measured mean total:": fitted,
        "Correlation of computed with measured covariances of pairs. The computed ones, times the "
        "factor, come closest to the measured ones:": pairs,
    }
    text = "\n\n".join(f"{title}\n\n" + "\n".join(table) for title, table in parts.items())
    return text, compared


def draw(file: Path, compared: dict[str, dict[str, Comparison]], path: Path) -> None:
    """Draws the distributions of the total count, measured and computed."""
    columns = 3
    rows = -(-len(compared) // columns)
    figure = new_figure(3.6 * columns + 1.6, 2.6 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(compared) :]:
        panel.set_axis_off()
    for panel, (name, found) in zip(panels, compared.items(), strict=False):
        measured = read_calibration(f"{file}:{name}").total_distribution
        for light, one in found.items():
            colour = latent_style(NAMES[light])["color"]
            panel.plot(one.law, color=colour, lw=1.3, label=NAMES[light])
        panel.plot(measured, ".", color=INK, ms=3, label="measured")
        seen = np.flatnonzero(measured > 1e-3 * measured.max())
        panel.set_xlim(seen[0] - 1, seen[-1] + 1)
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("clicks" if detector(name) == "threshold" else "photons", fontsize=8)
        panel.tick_params(labelsize=7)
        tidy(panel)
    for panel in panels[::columns]:
        panel.set_ylabel("probability", fontsize=8)
    shared_legend(figure, panels[:1], "light")
    save_figure(figure, path.with_suffix(""))


def _padded(law: np.ndarray, size: int) -> np.ndarray:
    return np.pad(law, (0, size - len(law)))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _distances(found: dict[str, Comparison]) -> list[str]:
    return [
        f"{one.distance:.4f}" + (f" ± {one.noise:.4f}" if one.noise > 5e-5 else "")
        for one in found.values()
    ]


def _closest(found: dict[str, Comparison]) -> str:
    controls = {light: one.distance for light, one in found.items() if light != "squeezed"}
    return f"`{NAMES[min(controls, key=controls.__getitem__)]}`"


def _pair_cells(one: Comparison, measured: np.ndarray) -> list[str]:
    if one.device.light == "coherent" and one.device.detector == "threshold":
        return ["-", "-"]
    computed = one.device.covariance()[np.triu_indices(one.device.modes, 1)]
    # The factor by which computed covariances come closest to measured ones.
    ratio = computed @ measured / (computed @ computed)
    return [f"{np.corrcoef(computed, measured)[0, 1]:.3f}", f"{ratio:.2f}"]


def main(argv=None) -> None:
    """Prints the tables, writes them if a file is named, and draws the figure."""
    parser = new_parser(__doc__)
    parser.add_argument("file", type=Path, help="a .npz file of calibrations")
    parser.add_argument(
        "--samples", type=count, default=40_000, help="intensities drawn for a law (default: 40000)"
    )
    parser.add_argument("--figure", type=Path, help="a .png file; a .svg is written beside it")
    arguments = parser.parse_args(argv)
    text, compared = report(arguments.file, arguments.samples)
    show_report(text, arguments.out)
    if arguments.figure:
        draw(arguments.file, compared, arguments.figure)


if __name__ == "__main__":
    main()
