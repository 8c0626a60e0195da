"""How much classical capacity matches how much quantum capacity? A protocol of our own.

The claim to test is that the capacity at which a classical discriminator, or generator, is optimal
grows exponentially with that of the quantum generator. Here, on the codes of one autoencoder:

- for each circuit (qubits, layers) the critic's width is swept, and the smallest optimal critic
  taken, see `capacity_optima`;
- for each code the classical generator's width is swept beside a critic of one width, and for
  each circuit the smallest generator is taken whose score is that of the circuit's best run;
- three laws are fitted to both, see `scaling_laws`.

A circuit of n qubits has 2 n features, so it is trained on the 2 n leading principal components
of the codes. Its capacity is its number of parameters, 2 n (5 layers + 1); a classical network's is
that of its trainable parameters.

Reference:
  Liepelt and Baglio, Exponential capacity scaling of classical GANs compared to hybrid latent
  style-based quantum GANs, arXiv 2601.05036. The protocol is not theirs.
"""

from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.configs.autoencoder import get_config as autoencoder_config
from qlatent_tf.configs.last_qgan import get_config
from qlatent_tf.datasets.vectors.codes import FILE_NAME, principal_codes
from qlatent_tf.datasets.vectors.codes import codes as codes_data
from qlatent_tf.experiments.capacity import results as capacity_results
from qlatent_tf.experiments.grids.cells import Cell, seed_by_seed
from qlatent_tf.models.codes.image_codes import codes_of, held_out, reconstruction_scores
from qlatent_tf.runs import training
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import atomic_path, read_json, write_json
from qlatent_tf.zoo import from_preset, read_preset

ITERATIONS = 2000
SEEDS = 3
QUBITS = (3, 4, 5, 6)
CIRCUIT_LAYERS = (1, 2, 3)
CRITIC_WIDTHS = (4, 8, 16, 32, 64, 128)
GENERATOR_WIDTHS = (1, 2, 4, 8, 16, 32)
REFERENCE_CRITIC = 128
IMAGE_DATA = "naip28"
_RECORD = "codes.json"
# Ours: with the 2e-4 of `last_qgan` a circuit, whose angles begin near 0, is far from done.
LEARNING_RATE = 1e-3
_TAKEN = ("latent_options", "dataset_options", "model", "model_options")

write_results = capacity_results.write_results


def cells(
    latents=("gaussian",),
    seeds=SEEDS,
    iterations=ITERATIONS,
    settings=(),
    qubits=QUBITS,
    circuit_layers=CIRCUIT_LAYERS,
    critic_widths=CRITIC_WIDTHS,
    generator_widths=GENERATOR_WIDTHS,
    reference_critic=REFERENCE_CRITIC,
) -> list[Cell]:
    """Returns the cells, seed by seed: circuits and critics, then classical generators.

    Args:
      latents: sequence of one str. A registered latent, as wide as there are qubits.
      seeds: int. Seeds 0 to seeds - 1.
      iterations: int. Generator steps, over which the learning rates fall to 0.
      settings: sequence of (key, value). Other changes of the configuration.
      qubits, circuit_layers: sequences of int. Each pair is a circuit.
      critic_widths: sequence of int. Of the critics beside each circuit.
      generator_widths: sequence of int. Of the classical generators for each number of qubits.
      reference_critic: int. Width of the critic beside the classical generators.

    Raises:
      ValueError: if a name, a key or a number is not legal, or there are several latents.
    """
    if len(latents) != 1 or ":" in latents[0]:
        raise ValueError(f"The study is of one registered latent; received {list(latents)}.")
    rows = []
    for count in qubits:
        for depth in circuit_layers:
            rows += [
                _row(latents[0], "quantum", count, depth, None, width) for width in critic_widths
            ]
        rows += [
            _row(latents[0], "classical", count, None, width, reference_critic)
            for width in generator_widths
        ]
    # Ours: at a constant rate scores still swing by their own size when a run ends.
    return seed_by_seed(rows, seeds, iterations, settings, taken=_TAKEN, decay=True)


def _row(latent, generator, qubits, depth, width, critic_width):
    row = {
        "generator": generator,
        "code": 2 * qubits,
        "layers": depth or "",
        "width": width or "",
        "critic": critic_width,
    }
    options = {
        "generator": generator,
        "image": None,
        "qubits": qubits,
        "circuit_layers": depth or 1,
        "width": width or 1,
        "critic_width": critic_width,
    }
    config = get_config(latent).override(
        **{
            "latent_options.modes": qubits,
            "model_options": options,
            "dataset": "codes",
            "dataset_options": {"components": 2 * qubits},
            "evaluation_samples": 5000,
            "optimizer_options.learning_rate": LEARNING_RATE,
            # XLA would compile for as long as these small circuits are trained.
            "jit_compile": False,
        }
    )
    return row, config


def prepare(
    workdir, autoencoder=None, image_data=None, qubits=QUBITS, data_dir=None, progress=True
) -> Path:
    """Writes the codes that all cells are trained on, unless they are there.

    Machines that share the work need the same files: copy them.

    Args:
      workdir: path. Where ``codes.npz`` goes, and ``codes.json``, which says what it is of.
      autoencoder: str or path. A preset or a run whose encoder makes the codes. By default an
        autoencoder is trained first, under ``autoencoder`` in the folder.
      image_data: str. The data set to train it on; by default `IMAGE_DATA`.
      qubits: sequence of int. The largest decides how wide the codes must be.
      data_dir: path. Where image files are looked for first.
      progress: bool. Whether to show progress bars.

    Returns:
      Path of the folder, in which the data set `codes` is to be looked for.

    Raises:
      FileNotFoundError: if there is no such autoencoder, or its images cannot be had.
      ValueError: if the codes are too narrow, or those that are there are of another source than
        is asked for.
    """
    folder, width = Path(workdir), 2 * max(qubits)
    if (folder / FILE_NAME).is_file():
        _check_codes(folder, width, autoencoder, image_data)
        return folder
    if autoencoder is None:
        autoencoder = folder / "autoencoder"
        options = {"dataset": image_data or IMAGE_DATA, "latent_options.modes": width}
        training.train(
            autoencoder_config("gaussian").override(**options),
            autoencoder,
            data_dir=data_dir,
            progress=progress,
        )
    run = RunDirectory(autoencoder)
    if run.checkpoints.is_dir():
        model = training.restore_model(run, trust_code=True)[0]
        config = run.read_config(trust_code=True)
    else:
        model, config = from_preset(autoencoder), read_preset(autoencoder)["config"]
    if image_data not in (None, config.dataset):
        raise ValueError(
            f"{autoencoder} was trained on {config.dataset!r}, whose codes these are; received the "
            f"image data {image_data!r}."
        )
    if not hasattr(model, "encoder"):
        raise ValueError(f"{autoencoder} has no encoder: it is of the model {config.model!r}.")
    dataset = training.load_dataset(config, data_dir=data_dir, progress=progress)
    codes, shares = principal_codes(codes_of(model.encoder, dataset.source))
    _check_width(codes.shape[1], width, autoencoder)
    # Before the codes, which are what says that all is done.
    write_json(
        folder / _RECORD,
        {
            "autoencoder": str(autoencoder),
            "dataset": {"name": dataset.name, **dataset.provenance},
            "reconstruction": reconstruction_scores(
                model.encoder, model.decoder, *held_out(dataset)
            ),
            "variance_shares": [float(share) for share in shares],
        },
    )
    with atomic_path(folder / FILE_NAME) as temporary:
        np.savez(temporary, codes=codes)
    logging.info("%s holds %d codes of %d.", folder / FILE_NAME, *codes.shape)
    return folder


def _check_codes(folder, width, autoencoder, image_data):
    """Refuses codes that are too narrow, or of another source; what is None is not asked for."""
    _check_width(codes_data(data_dir=folder).source.shape[1], width, folder / FILE_NAME)
    if not (folder / _RECORD).is_file():
        return
    record = read_json(folder / _RECORD)
    differences = [
        f"{what}: {known} -> {asked}"
        for what, known, asked in (
            ("autoencoder", record["autoencoder"], autoencoder),
            ("image data", record["dataset"]["name"], image_data),
        )
        # By their names: a run or a preset may lie elsewhere on another machine.
        if asked is not None and Path(known).name != Path(asked).name
    ]
    if differences:
        raise ValueError(
            f"{folder / FILE_NAME} holds other codes (its -> yours): {'; '.join(differences)}. "
            "Choose another --workdir, or the same source."
        )


def _check_width(found, width, source):
    if found < width:
        raise ValueError(
            f"{width // 2} qubits need codes of {width}; those of {source} have {found}."
        )
