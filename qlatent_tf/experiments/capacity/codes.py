"""The codes that all cells of the capacity study are trained on."""

from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.configs.autoencoder import get_config as autoencoder_config
from qlatent_tf.datasets.vectors.codes import FILE_NAME, principal_codes
from qlatent_tf.datasets.vectors.codes import codes as codes_data
from qlatent_tf.experiments.capacity import IMAGE_DATA
from qlatent_tf.models.codes.image_codes import codes_of, held_out, reconstruction_scores
from qlatent_tf.runs import training
from qlatent_tf.runs.loading import load_model
from qlatent_tf.scores import means
from qlatent_tf.storage.files import atomic_path, read_json, write_json
from qlatent_tf.storage.shapes import DATASET
from qlatent_tf.text.differences import format_differences

_RECORD = "codes.json"


def prepare(
    folder,
    cells,
    *,
    autoencoder=None,
    image_data=None,
    data_dir=None,
    progress=True,
    trust_code=False,
):
    """Writes the codes that all cells are trained on, unless they are there.

    Machines that share the work need the same files: copy ``codes.npz``, and ``codes.json``, which
    says what it is of.

    Args:
      folder: path. Where both go; it is returned, for the data set `codes` to be looked for in it.
      cells: sequence of Cell. The widest code decides how wide the codes must be.
      autoencoder: str or path. A preset or a run whose encoder makes the codes. By default an
        autoencoder is trained first, under ``autoencoder`` in the folder.
      image_data: str. The data set to train it on; by default `IMAGE_DATA`.
      data_dir: path. Where image files are looked for first.
      progress: bool. Whether to show progress bars.
      trust_code: bool, or names. What code of someone's own the autoencoder may name.

    Raises:
      FileNotFoundError: if there is no such autoencoder, or its images cannot be had.
      ValueError: if the codes are too narrow, or those that are there are of another source than
        is asked for.
    """
    folder, width = Path(folder), max(cell.row["code"] for cell in cells)
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
    model, config, _ = load_model(autoencoder, trust_code)
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
            "reconstruction": means(
                reconstruction_scores(model.encoder, model.decoder, *held_out(dataset))
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
    record = read_json(folder / _RECORD, {"autoencoder": str, "dataset": DATASET})
    sources = {
        "autoencoder": (record["autoencoder"], autoencoder),
        "image data": (record["dataset"]["name"], image_data),
    }
    # By their names: a run or a preset may lie elsewhere on another machine.
    found = {
        what: (known, str(asked))
        for what, (known, asked) in sources.items()
        if asked is not None and Path(known).name != Path(asked).name
    }
    if found:
        raise ValueError(
            f"{folder / FILE_NAME} holds other codes (its -> yours): {format_differences(found)}. "
            "Choose another --workdir, or the same source."
        )


def _check_width(found, width, source):
    if found < width:
        raise ValueError(
            f"{width // 2} qubits need codes of {width}; those of {source} have {found}."
        )
