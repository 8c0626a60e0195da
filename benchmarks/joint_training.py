"""What a trained circuit costs: training steps, and its sampler and gradient compared with MerLin.

    python -m benchmarks.joint_training                     # some minutes
    python -m benchmarks.joint_training --steps 2 --turns 1 --photons 4 6 --merlin-photons 4
    python -m benchmarks.joint_training --out docs/joint_training_speed.md

A step is five critic updates and one generator update of `mlp` on photon counts, 8 photons in 16
modes. The fixed circuit's latents are drawn ahead of the step by compiled samplers; the trained one
draws them in the step, and updates the interferometer at its end. Steps take turns.

Alone, at equal batches: ours draws counts and computes the gradient of a weighted sum of their
log-probabilities in all angles of the interferometer. MerLin (the extra `bench`; or any Python that
has it, --merlin PYTHON) computes the probabilities of all outcomes, and the gradient of a weighted
sum of them in all its phases. Each is what its own way to train needs of a batch.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time

import tensorflow as tf
from qlatent_tf.configs.mlp import get_config
from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines
from benchmarks.report import new_parser, show_report
from benchmarks.steps import (
    add_options,
    keras_steps,
    measure,
    model_and_batches,
    parse_options,
)
from qlatent_tf.layers.photonic.interferometer import Interferometer
from qlatent_tf.layers.photonic.photonic_sampler import PhotonicSampler

_PACKAGES = ("tensorflow", "keras", "numba")
_INTRODUCTION = (
    "This page lists what a [trained circuit](joint_training.md) costs, for users who estimate how "
    "long their training takes. `python -m benchmarks.joint_training` writes it for your machine."
)
# Runs in a process of its own, in which TensorFlow takes no memory and no threads.
_MERLIN = """
import importlib.metadata, json, statistics, sys, time
import torch, merlin as ml, perceval as pcvl
photons, modes, batch, turns, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
circuit = pcvl.GenericInterferometer(
    modes,
    lambda i: pcvl.BS() // pcvl.PS(pcvl.P(f"theta_a{i}")) // pcvl.BS()
    // pcvl.PS(pcvl.P(f"theta_b{i}")),
    shape=pcvl.InterferometerShape.RECTANGLE,
)
# As many circuits as samples: each sample has a phase of its own at the output, so that the batch
# is one of MerLin's.
circuit.add(0, pcvl.PS(pcvl.P("px0")))
state = [1] * photons + [0] * (modes - photons)
layer = ml.QuantumLayer(
    input_size=1, circuit=circuit, trainable_parameters=["theta"], input_parameters=["px"],
    input_state=state,
    # Of all outcomes: by default, MerLin leaves out those with several photons in a mode.
    measurement_strategy=ml.MeasurementStrategy.probs(ml.ComputationSpace.FOCK),
)
inputs = torch.rand(batch, 1)
forward, backward = [], []
for turn in range(turns + 1):
    begun = time.process_time()
    probabilities = layer(inputs)
    drawn = time.process_time()
    (probabilities * torch.rand_like(probabilities)).sum().backward()
    ended = time.process_time()
    if turn:
        forward.append(drawn - begun)
        backward.append(ended - drawn)
packages = ("merlinquantum", "perceval-quandela", "torch")
print(json.dumps({
    "outcomes": probabilities.shape[1],
    "forward": statistics.median(forward),
    "backward": statistics.median(backward),
    "versions": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages),
}))
"""


def step_candidates(batch_size: int) -> dict:
    """Returns the steps with a fixed circuit, with a trained one, and with a trained covariance."""
    found = {}
    for name, latent, trained in (
        ("fixed circuit", "boson", False),
        ("trained circuit", "boson", True),
        ("trained circuit, distinguishable", "photonic", True),
        ("trained covariance, Gaussian", "gaussian", True),
    ):
        config = get_config(latent).override(train_circuit=trained, batch_size=batch_size)
        found[name] = keras_steps(*model_and_batches(config))
    return found


def alone(photons: int, modes: int, batch: int, turns: int) -> dict:
    """Returns processor seconds of drawing a batch and of its gradient, and the memory at most."""
    layer, sampler = Interferometer(modes), PhotonicSampler(photons)

    @tf.function(jit_compile=True, autograph=False)
    def draw(seed):
        return sampler(layer(), num_samples=batch, seed=seed)

    @tf.function(jit_compile=True, autograph=False)
    def gradient(counts, weights):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(weights * sampler.log_prob(layer(), counts))
        return tape.gradient(total, layer.trainable_variables)

    weights = tf.random.stateless_normal([batch], (0, 0))
    drawing, learning = [], []
    for turn in range(turns + 1):
        begun = time.process_time()
        counts = draw(tf.constant([0, turn]))
        counts.numpy()
        drawn = time.process_time()
        gradient(counts, weights)[0].numpy()
        ended = time.process_time()
        if turn:  # The first one compiles.
            drawing.append(drawn - begun)
            learning.append(ended - drawn)
    return {
        "draw": statistics.median(drawing),
        "gradient": statistics.median(learning),
        "bytes": sampler.required_bytes(batch, modes),
    }


def merlin(python: str, photons: int, modes: int, batch: int, turns: int, threads: int):
    """Returns MerLin's outcomes and processor seconds, or the reason why there are none."""
    numbers = map(str, (photons, modes, batch, turns, threads))
    done = subprocess.run([python, "-c", _MERLIN, *numbers], capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    add_options(parser, None, batch_size=500, steps=20, turns=5)
    parser.add_argument("--photons", type=count, nargs="+", default=[4, 6, 8, 10, 12])
    parser.add_argument("--merlin", default=sys.executable, help="a Python that has MerLin")
    parser.add_argument("--merlin-batches", type=count, nargs="+", default=[8])
    # 10 photons in 20 modes have 20 million outcomes, of which each sample needs all.
    parser.add_argument("--merlin-photons", type=count, nargs="+", default=[4, 6, 8])
    options = parse_options(parser, argv)
    lines = [
        "# Speed of joint training",
        "",
        _INTRODUCTION,
        "",
        *machine_lines(_PACKAGES, options.threads),
        f"- load average at the start: {os.getloadavg()[0]:.1f}",
        "",
        *_steps(options),
        "",
        *_alone(options),
        "",
        *_beside_merlin(options),
    ]
    text = "\n".join(lines) + "\n"
    show_report(text, options.out)


def _steps(options):
    measured = measure(step_candidates(options.batch_size), options.steps, options.turns)
    first = next(iter(measured.values()))
    rows = [
        f"| {name} | {1000 * wall:.0f} | {wall / first[0]:.2f} | {1000 * processor:.0f} "
        f"| {processor / first[1]:.2f} |"
        for name, (wall, processor) in measured.items()
    ]
    return [
        "## A step",
        "",
        f"`mlp`, 8 photons in 16 modes, batch {options.batch_size}, 5 critic updates; medians of "
        f"{options.turns} turns of {options.steps} steps.",
        "",
        "| latent | ms a step | of the fixed | processor ms a step | of the fixed |",
        "|---|---:|---:|---:|---:|",
        *rows,
    ]


def _alone(options):
    rows = []
    for photons in options.photons:
        found = alone(photons, 2 * photons, options.batch_size, options.turns)
        rows.append(
            f"| {photons} | {2 * photons} | {1000 * found['draw']:.1f} "
            f"| {1000 * found['gradient']:.1f} | {found['bytes'] / 2**20:.0f} |"
        )
    return [
        "## Sampler and gradient",
        "",
        f"Batch {options.batch_size}, twice as many modes as photons: counts, and the gradient of "
        "their weighted log-probabilities in all angles. Processor time.",
        "",
        "| photons | modes | draw, ms | gradient, ms | memory at most, MiB |",
        "|---:|---:|---:|---:|---:|",
        *rows,
    ]


def _beside_merlin(options):
    rows, versions = [], "MerLin did not run."
    for photons, batch in itertools.product(options.merlin_photons, options.merlin_batches):
        sizes = (photons, 2 * photons, batch)
        ours = alone(*sizes, options.turns)
        theirs = merlin(options.merlin, *sizes, options.turns, options.threads)
        if isinstance(theirs, str):
            outcomes, shown = "", f"{theirs} |"
        else:
            outcomes, versions = f"{theirs['outcomes']:,}", f"{theirs['versions']}."
            shown = f"{1000 * theirs['forward']:.1f} | {1000 * theirs['backward']:.1f}"
        rows.append(
            f"| {photons} | {2 * photons} | {batch} | {outcomes} | {1000 * ours['draw']:.1f} "
            f"| {1000 * ours['gradient']:.1f} | {shown} |"
        )
    return [
        "## Compared with MerLin",
        "",
        "Equal batches, processor time. Ours: counts, and the gradient of their weighted "
        "log-probabilities. MerLin: the probabilities of all outcomes for each sample of the "
        "batch, and the gradient of a weighted sum of them, which has no sampling noise. The two "
        "are not the same quantity: each is what its own way of training needs of a batch.",
        "",
        "| photons | modes | batch | outcomes | ours: draw, ms | gradient, ms "
        "| MerLin: forward, ms | backward, ms |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        versions,
    ]


if __name__ == "__main__":
    main()
