"""ChemNet, the network whose activations the Frechet ChemNet Distance compares.

References:
  K. Preuer, P. Renz, T. Unterthiner, S. Hochreiter and G. Klambauer, "Frechet ChemNet Distance: A
  metric for generative models for molecules in drug discovery", arXiv:1803.09518.
  A. Mayr et al., "Large-scale comparison of machine learning methods for drug target prediction
  on ChEMBL", Chemical Science 9 (2018).
"""

import functools
import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf
from absl import logging

from qlatent_tf.layers.defaults import keras_defaults
from qlatent_tf.storage import files
from qlatent_tf.text.progress import progress_bar

WIDTH = 512
LENGTH = 350
_ALPHABET = "C N O H F Cl P B Br S I Si # ( ) + - 1 2 3 4 5 6 7 8 = [ ] @ c n o s X ."
TOKENS = tuple(_ALPHABET.split())
WEIGHTS_SHA256 = "330339a30f96316c8ac9180f6dc6d9c5d507775fcc0af0eb7964d48a9438e554"

_PACKAGE, _VERSION = "fcd", "1.1"
_WEIGHTS = "fcd/ChemNet_v0.13_pretrained.h5"
# In the order of Keras 3's own list; the names are those of Keras 2's file.
_WEIGHT_NAMES = (
    "conv1d_7/conv1d_7_1/kernel:0",
    "conv1d_8/conv1d_8_1/kernel:0",
    *(f"lstm_7/lstm_7_1/{part}:0" for part in ("kernel", "recurrent_kernel", "bias")),
    *(f"lstm_8/lstm_8_1/{part}:0" for part in ("kernel", "recurrent_kernel", "bias")),
)
_CODES = {token: code for code, token in enumerate(TOKENS)}
_UNKNOWN, _END = _CODES["X"], _CODES["."]
_PADDING = -1
# Two letters before one: "Cl" is chlorine. DOTALL: each character is of some token.
_TOKEN = re.compile("Cl|Br|Si|.", re.DOTALL)
_BATCH = 256


def activations(
    smiles: Sequence[str], *, progress: bool = False, label: str = "ChemNet"
) -> np.ndarray:
    """Returns the activations of ChemNet's last hidden layer.

    Ten thousand molecules take about a quarter of a minute on two processor cores.

    Args:
      smiles: sequence of str. Canonical SMILES; the network reads letters, so that another
        SMILES of the same molecule has other activations.
      progress: bool. Whether to show a progress bar.
      label: str. What the progress bar is about.

    Returns:
      float32 array, shape `(n, 512)`.

    Raises:
      FileNotFoundError: if the package that holds the weights is not installed.
      ValueError: if a SMILES has more than 349 tokens.
    """
    codes = encode(smiles)
    network = _compiled()
    rows = np.zeros((len(codes), WIDTH), dtype=np.float32)
    with progress_bar(total=len(codes), desc=label, unit=" molecules", shown=progress) as bar:
        for start in range(0, len(codes), _BATCH):
            part = codes[start : start + _BATCH]
            # Always a whole batch: another shape would be compiled anew.
            batch = np.full((_BATCH, LENGTH), _PADDING, dtype=np.int8)
            batch[: len(part)] = part
            rows[start : start + _BATCH] = network(batch).numpy()[: len(part)]
            bar.update(len(part))
    return rows


def readable(smiles: Sequence[str]) -> list[str]:
    """Returns the SMILES that ChemNet reads; longer ones are left out with a warning.

    A large graph may have one, such as a generated molecule of a hundred atoms with many rings.
    """
    kept = [text for text in smiles if len(_TOKEN.findall(text)) < LENGTH]
    if len(kept) < len(smiles):
        logging.warning(
            "ChemNet reads at most %d tokens: %d of %d molecules are longer and left out.",
            LENGTH - 1,
            len(smiles) - len(kept),
            len(smiles),
        )
    return kept


def encode(smiles: Sequence[str]) -> np.ndarray:
    """Returns the codes of SMILES as ChemNet reads them.

    Each is followed by the token ``.`` and padding. Elements of two letters are one token if they
    are chlorine, bromine or silicon, and two else. Charges and hydrogens in brackets are tokens of
    their own, as in ``[ n H ]``. A ``.`` between fragments reads as the end does, and what comes
    after it counts. What has no token, such as ``*``, is read as ``X``.

    The package `fcd` up to version 1.1 stopped at the first ``.``; this is how 1.2 reads.

    Args:
      smiles: sequence of str.

    Returns:
      int8 array, shape `(n, 350)`: places in `TOKENS`, -1 for padding.

    Raises:
      ValueError: if a SMILES has more than 349 tokens.
    """
    codes = np.full((len(smiles), LENGTH), _PADDING, dtype=np.int8)
    for row, text in enumerate(smiles):
        tokens = [_CODES.get(token, _UNKNOWN) for token in _TOKEN.findall(text)]
        if len(tokens) >= LENGTH:
            raise ValueError(
                f"ChemNet reads at most {LENGTH - 1} tokens; received {len(tokens)} in "
                f"{text[:40]!r}..."
            )
        codes[row, : len(tokens) + 1] = [*tokens, _END]
    return codes


@keras_defaults()
def chemnet() -> keras.Model:
    """Builds ChemNet up to its last hidden layer: 1,403,776 parameters, not yet the trained ones.

    Its input has shape `(batch, 350, 35)`: one-hot tokens divided by 35, as in its training. Its
    output has shape `(batch, 512)`.
    """
    return keras.Sequential(
        [
            keras.Input((LENGTH, len(TOKENS))),
            _convolution(),
            _convolution(),
            keras.layers.LSTM(128, return_sequences=True, go_backwards=True),
            keras.layers.LSTM(WIDTH, go_backwards=True),
        ],
        name="chemnet",
    )


def pretrained_chemnet() -> keras.Model:
    """Returns `chemnet` with the weights that the package `fcd` 1.1 holds.

    Raises:
      FileNotFoundError: if that package is not installed.
      ValueError: if its weights are not those of version 1.1.
    """
    model = chemnet()
    path = weights_file()
    found = files.sha256_of(path)
    if found != WEIGHTS_SHA256:
        raise ValueError(
            f"{path} has the SHA-256 {found}; that of ChemNet's weights is {WEIGHTS_SHA256}. "
            f"Install the package again: {_how_to_install()}"
        )
    with h5py.File(path) as file:
        model.set_weights([np.asarray(file[f"model_weights/{name}"]) for name in _WEIGHT_NAMES])
    model.trainable = False
    return model


def weights_file() -> Path:
    """Returns ChemNet's weights in the installed package, none of whose code is run.

    Raises:
      FileNotFoundError: if the package is not installed, or is of another version.
    """
    try:
        package = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        found = "which is not installed"
    else:
        path = Path(str(package.locate_file(_WEIGHTS)))
        if path.is_file():
            return path
        found = f"but version {package.version} is installed, without {_WEIGHTS}"
    raise FileNotFoundError(
        f"ChemNet's weights are in the Python package {_PACKAGE} {_VERSION}, {found}. Install it: "
        f"{_how_to_install()}"
    )


def _how_to_install() -> str:
    return f"pip install --no-deps {_PACKAGE}=={_VERSION}"


def _convolution() -> keras.layers.Layer:
    return keras.layers.Conv1D(32, 4, strides=2, padding="same", activation="selu", use_bias=False)


@functools.cache
def _compiled():
    model = pretrained_chemnet()

    @tf.function(jit_compile=True, autograph=False)
    def activate(codes):
        # A negative code has no place among the 35: padding is all zeros.
        one_hot = tf.one_hot(tf.cast(codes, tf.int32), len(TOKENS))
        return model(one_hot / len(TOKENS), training=False)

    return activate
