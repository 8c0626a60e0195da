"""Figures about samples; whoever calls decides where they are written."""

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qlatent_tf.drawing.style import INK, PALE, latent_style, literal, new_figure
from qlatent_tf.quantum.verification.correlators import pairs
from qlatent_tf.quantum.verification.report import SampleReport

_COLOURS = {
    "boson": latent_style("boson")["color"],
    "distinguishable": latent_style("photonic")["color"],
}
_RULE = {"color": INK, "lw": 1.2}


def sample_figure(report: SampleReport, title: str) -> Figure:
    """Returns one figure of six panels that tell what the samples are.

    Args:
      report: SampleReport.
      title: str. Stands above the panels.
    """
    figure = new_figure(15, 8.6)
    figure.suptitle(literal(title), fontsize=14)
    panels = figure.subplots(2, 3)
    _draw_mean_photons(panels[0, 0], report)
    _draw_totals(panels[0, 1], report)
    _draw_covariance(figure, panels[0, 2], report)
    _draw_correlators(panels[1, 0], report)
    _draw_signature(panels[1, 1], report)
    _draw_evidence(panels[1, 2], report)
    # These panels have room for theirs there.
    places = {panels[0, 0]: "upper center"}
    for panel in panels[1, 1:] if report.likelihood is None else panels[1, 1:2]:
        places[panel] = "lower center"
        low, high = panel.get_ylim()
        marks = len(panel.get_legend_handles_labels()[0])
        panel.set_ylim(low - 0.11 * marks * (high - low), high + 0.05 * (high - low))
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
        if panel.get_legend_handles_labels()[0]:
            # Points lie behind it, so that its marks are not taken for theirs.
            panel.legend(fontsize=9, framealpha=1, edgecolor=PALE, loc=places.get(panel, "best"))
    return figure


def _draw_mean_photons(panel, report):
    modes = np.arange(report.counts.modes)
    panel.bar(modes, report.counts.mean_photons, color=PALE, label="measured")
    for name, prediction in list(report.predictions.items())[:1]:
        # The mean is the same for identical and distinguishable photons, collisions apart.
        label = "expected" if not report.collision_free else f"expected, {name}"
        edges = np.arange(len(modes) + 1) - 0.5
        panel.stairs(prediction.mean, edges, baseline=None, **_RULE, label=label)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.margins(y=0.25)
    panel.set(title="Mean photon numbers", xlabel="mode", ylabel="photons a shot")


def _draw_totals(panel, report):
    law = report.counts.total_law
    panel.bar(np.arange(len(law)), law, color=PALE, width=0.9)
    mean = float(law @ np.arange(len(law)))
    panel.axvline(mean, **_RULE, ls="--", label=f"mean {mean:.2f}")
    panel.set(
        title=f"Photons in a shot (collisions in {report.counts.collision_rate:.1%} of shots)",
        xlabel="photons",
        ylabel="share of shots",
        xlim=(-0.6, len(law) + 0.6),
    )


def _draw_covariance(figure, panel, report):
    shown = report.measured.covariance.copy()
    np.fill_diagonal(shown, np.nan)
    limit = max(np.nanmax(np.abs(shown)), 1e-12) if len(shown) > 1 else 1.0
    image = panel.imshow(
        shown, cmap="RdBu_r", norm=TwoSlopeNorm(0.0, -limit, limit), interpolation="nearest"
    )
    panel.set(title="Correlators $C_{ij}$ (diagonal left out)", xlabel="mode", ylabel="mode")
    figure.colorbar(image, ax=panel, shrink=0.85)


def _draw_correlators(panel, report):
    measured = pairs(report.measured.covariance)
    curves = {name: pairs(p.covariance) for name, p in report.predictions.items()}
    everything = np.concatenate([measured, *curves.values()])
    if len(everything):
        # Of thousands of pairs, a few far out would leave no room for the others.
        rest = 0.002 if len(everything) > 2000 else 0.0
        bins = np.linspace(*np.quantile(everything, [rest, 1 - rest]), 41)
        if bins[0] == bins[-1]:
            bins = bins[0] + np.linspace(-1, 1, 41)
        panel.hist(measured, bins, color=PALE, label="measured")
        for name, values in curves.items():
            style = {"histtype": "step", "lw": 1.8, "color": _COLOURS[name]}
            panel.hist(values, bins, **style, label=f"{name}, this circuit")
        panel.margins(y=0.35)  # Room for the legend.
    panel.axvline(0.0, color=INK, lw=0.8, ls=":")
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.set(title="Distribution of the correlators", xlabel="$C_{ij}$", ylabel="pairs of modes")


def _draw_signature(panel, report):
    _draw_statistics(panel, report, (0, 1))
    for name, prediction in report.predictions.items():
        style = {"marker": "D", "ms": 9, "ls": "", "mfc": "none", "mew": 2}
        label = f"{name}, this circuit"
        panel.plot(*prediction.signature[:2], **style, color=_COLOURS[name], label=label)
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.set(
        title="Statistical signature",
        xlabel=r"normalised mean $m_1 M^2 / n$",
        ylabel="coefficient of variation",
    )


def _draw_statistics(panel, report, columns):
    """Draws two numbers of the signature: of what was measured, and of random circuits."""
    haar = report.interferometer == "haar"
    circuits = "Haar circuits" if haar else f"{report.interferometer} loops"
    for name, ensemble in report.ensembles.items():
        style = {"s": 14, "alpha": 0.45, "lw": 0, "color": _COLOURS[name]}
        panel.scatter(*ensemble[:, columns].T, **style, label=f"{name}, random {circuits}")
    (x, x_error), (y, y_error) = (
        (report.measured.signature[column], report.measured.errors[column]) for column in columns
    )
    style = {"marker": "*", "ms": 15, "color": INK, "capsize": 3, "ls": "", "zorder": 5}
    panel.errorbar(x, y, xerr=x_error, yerr=y_error, **style, label="measured")


def _draw_evidence(panel, report):
    if report.likelihood is None or not len(report.likelihood.log_ratios):
        _draw_skewness(panel, report)
        return
    evidence = np.cumsum(report.likelihood.log_ratios) / np.log(10)
    bound = np.log10(99)
    panel.axhspan(-bound, bound, color="#E8E8E8", zorder=0)
    panel.axhline(0.0, color=INK, lw=0.8, ls=":")
    panel.plot(np.arange(1, len(evidence) + 1), evidence, color=INK, lw=1.6)
    limit = 2 * max(np.abs(evidence[np.isfinite(evidence)]).max(initial=0), 3 * bound)
    # Both the shot that decides and the certainty after thousands of shots are to be seen.
    panel.set_xscale("log")
    panel.set_yscale("symlog", linthresh=bound)
    panel.set(
        title="Bayesian evidence" if report.fits else "Evidence between two kinds; neither fits",
        xlabel="shots, drawn at random",
        ylabel="odds, boson : distinguishable",
        ylim=(-limit, limit),
        xlim=(1, max(len(evidence), 10)),
    )
    powers = [power for power in (0, 1, 3, 10, 30, 100, 300, 1000, 3000) if power < limit]
    panel.set_yticks([*(-power for power in powers[:0:-1]), *powers])
    panel.minorticks_off()
    panel.yaxis.set_major_formatter(
        lambda power, _: "1 : 1" if power == 0 else rf"$10^{{{power:g}}}$"
    )
    on_axes = {"transform": panel.transAxes}
    panel.text(0.02, 0.96, "identical photons", color=_COLOURS["boson"], va="top", **on_axes)
    panel.text(0.02, 0.04, "distinguishable photons", color=_COLOURS["distinguishable"], **on_axes)
    panel.text(0.98, 0.52, "less than 99 % sure", fontsize=9, ha="right", **on_axes)


def _draw_skewness(panel, report):
    """Where there are no likelihoods, the signature has a third number to show."""
    _draw_statistics(panel, report, (2, 1))
    panel.set(
        title="Statistical signature (no likelihoods to show)",
        xlabel="skewness",
        ylabel="coefficient of variation",
    )
