#!/usr/bin/env python3
"""Draws docs/images/overview.png: what the project is, from an interferometer to molecules.

    python docs/scripts/draw_overview.py

Counts, molecules and images are real: one draw of the latent of a preset, and what its generator
makes of it.
"""

import itertools
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from rdkit.Chem import GetMolFrags

import qlatent_tf
from qlatent_tf.datasets.molecules.graphs import graph_to_molecule, graphs_to_smiles
from qlatent_tf.datasets.molecules.pictures import draw_smiles
from qlatent_tf.drawing.images import draw_images
from qlatent_tf.drawing.style import INK, PALE, latent_style, new_figure, save_figure

OUT = Path(__file__).parents[1] / "images" / "overview"
PHOTON = latent_style("boson")["color"]
GENERATOR = "#555555"  # no latent's
MODES = 16
SAMPLES = 200
SEED = 3


def main() -> None:
    """Draws the picture and writes it as PNG and SVG."""
    molgan = qlatent_tf.from_preset("molgan_boson_qm9")
    resnet = qlatent_tf.from_preset("resnet_boson_cifar10")
    counts = np.rint(molgan.latent.sample(1, seed=[SEED, 0]).numpy()[0] - molgan.latent.loc)
    figure = new_figure(13, 3.2)
    figure.set_layout_engine("none")
    interferometer, latent, generator, samples = (
        figure.add_axes([left, 0.14, width, 0.66])
        for left, width in ((0.01, 0.19), (0.235, 0.1), (0.375, 0.09), (0.5, 0.495))
    )
    draw_interferometer(interferometer)
    draw_counts(latent, counts)
    draw_generator(generator)
    draw_samples(samples, molgan, resnet)
    draw_arrows(figure, interferometer, latent, generator, samples)
    save_figure(figure, OUT)


def draw_interferometer(panel) -> None:
    """Draws photons that enter a mesh of beam splitters, and detectors behind it."""
    layers = 10  # A few of them, so that they can be seen.
    for mode in range(MODES):
        panel.plot([-1.2, layers + 0.2], [mode, mode], color=PALE, lw=1.2, zorder=1)
        panel.add_patch(
            Polygon([(layers + 0.2, mode - 0.3), (layers + 0.2, mode + 0.3), (layers + 0.6, mode)],
                    color=INK)
        )  # fmt: skip
    for layer in range(layers):
        for mode in range(layer % 2, MODES - 1, 2):
            x = layer + 0.2
            panel.plot([x, x + 0.6], [mode, mode + 1], color=INK, lw=1.1, zorder=2)
            panel.plot([x, x + 0.6], [mode + 1, mode], color=INK, lw=1.1, zorder=2)
    panel.scatter([-1] * (MODES // 2), range(MODES // 2, MODES), s=45, color=PHOTON, zorder=3)
    _finish(panel, "photons in a random\ninterferometer")
    panel.set(xlim=(-1.6, layers + 0.9), ylim=(-1, MODES))


def draw_counts(panel, counts) -> None:
    """Draws one sample of the latent: how many photons leave in each mode."""
    modes = np.arange(len(counts))
    panel.barh(modes[::-1], counts, color=PHOTON, height=0.7)
    panel.set(xlim=(0, max(counts.max(), 1) + 0.4), ylim=(-1, len(counts)))
    panel.set_xticks(range(int(counts.max()) + 1))
    panel.set_yticks([])
    panel.set_xlabel("photons in a mode", labelpad=1)
    panel.spines[["top", "right"]].set_visible(False)
    _title(panel, "photon counts:\nthe latent")


def draw_generator(panel) -> None:
    """Draws the generator as the layers that grow."""
    for layer, height in enumerate((1.2, 2.2, 3.4, 4.8)):
        panel.add_patch(
            Polygon(
                [
                    (layer, -height),
                    (layer, height),
                    (layer + 0.6, height),
                    (layer + 0.6, -height),
                ],
                color=GENERATOR,
                alpha=0.35 + 0.15 * layer,
                lw=0,
            )
        )
    _finish(panel, "Keras generator,\ntrained as a WGAN-GP")
    panel.set(xlim=(-0.6, 4.2), ylim=(-6.4, 6.4))


def draw_samples(panel, molgan, resnet) -> None:
    """Draws molecules and images that two presets make."""
    graphs = molgan.sample(SAMPLES, seed=SEED)
    valid = [
        row
        for row in range(SAMPLES)
        if (molecule := graph_to_molecule(graphs["atoms"][row], graphs["bonds"][row]))
        and molecule.GetNumAtoms() > 6
        and len(GetMolFrags(molecule)) == 1
    ][:8]
    smiles = graphs_to_smiles({name: part[valid] for name, part in graphs.items()})
    molecules = draw_smiles(smiles, [""] * len(smiles), columns=4)
    images = draw_images(resnet.sample(9, seed=SEED))
    panel.imshow(molecules, extent=(0, 4, 0, 1.6), aspect="equal")
    side = 1.6 * images.shape[1] / images.shape[0]
    panel.imshow(images, extent=(4.2, 4.2 + side, 0, 1.6), aspect="equal")
    _finish(
        panel, "samples of trained presets: molecules\n(MolGAN on QM9), images (ResNet on CIFAR-10)"
    )
    panel.set(xlim=(0, 4.2 + side), ylim=(0, 1.6))


def draw_arrows(figure: Figure, *panels) -> None:
    """Draws an arrow between each panel and the next."""
    boxes = [panel.get_position() for panel in panels]
    for left, right in itertools.pairwise(boxes):
        middle = 0.44
        figure.add_artist(
            FancyArrowPatch(
                (left.x1 + 0.005, middle), (right.x0 - 0.005, middle), transform=figure.transFigure,
                arrowstyle="-|>", mutation_scale=14, color=INK,
            )
        )  # fmt: skip


def _finish(panel, title) -> None:
    panel.axis("off")
    _title(panel, title)


def _title(panel, title):
    box = panel.get_position()
    panel.figure.text((box.x0 + box.x1) / 2, 0.9, title, ha="center", va="center", fontsize=11)


if __name__ == "__main__":
    main()
