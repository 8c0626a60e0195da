"""Banks of a photonic latent's samples, from which the latent `samples` draws."""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count
from qlatent_tf.cluster.client import Cluster
from qlatent_tf.quantum.devices.noise import read_noise
from qlatent_tf.quantum.devices.tiles import Tiles
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.recordings import bank_metadata
from qlatent_tf.quantum.recordings.bank import Draw, Piece, npy_sha256, write_bank
from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES
from qlatent_tf.quantum.samplers.method_choice import choose_method, weighed_photons
from qlatent_tf.quantum.samplers.walk_plan import walk_shape
from qlatent_tf.registry import latents
from qlatent_tf.resolve import OWN_CIRCUITS
from qlatent_tf.text.progress import ProgressBar


def write_latent_bank(
    folder: str | os.PathLike,
    latent: str,
    options: Mapping[str, Any],
    *,
    num_samples: int,
    seed: int = 0,
    shard_size: int = 25_000,
    progress: bool = True,
    cluster: Cluster | None = None,
) -> None:
    """Makes a bank of a latent's samples, or what is missing of one; see `write_bank`.

    Args:
      folder: path. The bank's directory: new, empty, or begun by the same call.
      latent: str. `"boson"`, `"photonic"`, `"gaussian_boson"`, `"squashed"`, `"thermal"` or
        `"coherent"`.
      options: dict. Options of the latent, but for its centring: a bank holds photon numbers.
      num_samples: int. Rows in all.
      seed: int, from 0. Chooses the samples of a circuit.
      shard_size: int. Rows in a file; a kill loses at most so many.
      progress: bool. Whether to show a progress bar.
      cluster: Cluster. Whose workers draw; None for this process.

    Raises:
      ValueError: if an option is not legal, or the directory holds something else or a bank
        begun differently.
      InUseError: if another process is writing the bank.
    """
    num_samples = check_count(num_samples, "num_samples", least=1)
    options = dict(options)
    refused = [name for name in ("center", "standardize") if options.get(name)]
    if refused:
        raise ValueError(
            f"A bank holds photon numbers as they are; received {refused[0]}="
            f"{options[refused[0]]!r}. What draws from the bank takes the option."
        )
    options.pop("center", None)
    if "center" not in latents.options(latent):
        raise ValueError(f"A bank is of a photonic latent; received {latent!r}.")
    live = latents.build(latent, center=False, **options)
    if not hasattr(live, "devices"):
        raise ValueError(f"A bank is of a photonic latent; received {latent!r}.")
    if options.get("method", "auto") == "auto" and latent == "boson":
        # Samples depend on the method: it is decided once, from the number asked for in all.
        options["method"] = _begun_with(folder) or _choose_method(live.devices, num_samples)
        live = latents.build(latent, center=False, **options)
    logging.info("%s: %s samples of %r", folder, f"{num_samples:,}", live)
    devices = live.devices
    # A default that is spelt out is no difference, unless it follows from other options, as
    # photons do; a file that was moved is none either, since the circuit itself is compared.
    settings = {
        name: _as_json(options.get(name, parameter.default))
        for name, parameter in latents.options(latent).items()
        if name not in ("center", *OWN_CIRCUITS)
    }
    for name in ("interfering_photons", "g2", "phase_error", "noise"):
        if settings.get(name) is None:  # banks of before do not have it
            settings.pop(name, None)
    unitary, circuit = _circuit(devices)
    if "modes" in settings and unitary is not None:  # which may have been left open
        settings["modes"] = devices[0].modes
    if unitary is not None and any(options.get(name) is not None for name in OWN_CIRCUITS):
        # Of a circuit with a seed the settings say which it is; machines may round it differently.
        circuit["circuit_sha256"] = npy_sha256(unitary)
    sampler = Tiles(devices)
    with ProgressBar(
        total=num_samples,
        desc=f"Bank {os.path.basename(folder)}",
        unit=" samples",
        unit_scale=True,
        delay=0.2,
        disable=not progress,
    ) as bar:

        def show(rows: int, found: bool) -> None:
            # Rows that were found say nothing of the speed, hence of the time left.
            bar.initial += rows if found else 0
            bar.update(rows)

        write_bank(
            folder,
            sampler,
            num_samples=num_samples,
            modes=live.event_shape[0],
            seed=seed,
            shard_size=shard_size,
            progress=show if progress else None,
            unitary=unitary,
            description={"latent": latent, "options": settings, **circuit},
            draw=None if cluster is None else _draw_on(cluster, sampler),
        )


def _as_json(value):
    """Returns an option as a bank keeps it: plain, also numbers of NumPy and Perceval's noise."""

    def plain(part):
        if isinstance(part, (np.ndarray, np.generic)):
            return part.tolist()
        return dataclasses.asdict(read_noise(part))

    return json.loads(json.dumps(value, default=plain))


def _begun_with(folder) -> str | None:
    """Returns the method that a bank was begun with, None for a new one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return bank_metadata.read_metadata(Path(folder))["sampler"]["options"]["method"]
    return None


def _draw_on(cluster: Cluster, sampler: Tiles) -> Draw:
    """Lets workers draw, from the circuit itself: they need no file of it."""

    def draw(pieces):
        # One piece waits on each worker: all take about a second.
        found = cluster.map(draw_piece, pieces, lambda ask: sampler, ahead=1)
        with contextlib.closing(found):
            for piece, outcome in found:
                if outcome.error is not None:
                    raise outcome.error
                yield piece, outcome.value, outcome.seconds

    return draw


def draw_piece(sampler: Tiles, piece: Piece, place) -> np.ndarray:
    """Returns the samples of a piece, on a worker."""
    return sampler.sample(piece.rows, piece.seed, start=piece.start)


def _circuit(devices) -> tuple[np.ndarray | None, dict[str, Any]]:
    """Returns the unitaries that a bank keeps, and what it says of its circuits."""
    if isinstance(devices[0], GaussianDevice):
        # Kept as a unitary, the transfer matrix would be taken for that of single photons.
        matrices = b"".join(
            matrix.tobytes() for one in devices for matrix in (one.transfer, one.squeezing)
        )
        return None, {"transfer_sha256": hashlib.sha256(matrices).hexdigest()}
    unitaries = [device.unitary for device in devices]
    unitary = unitaries[0] if len(unitaries) == 1 else np.array(unitaries)
    return unitary, {"input_state": devices[0].input_state.tolist()}


def _choose_method(devices, num_samples: int) -> str:
    device = devices[0]
    # A table holds the distribution of all photons; with loss or bad photons fewer of them
    # interfere.
    all_good = device.indistinguishability == 1 and device.interfering_photons == device.photons
    whole = all_good and device.transmission.max() == 1
    return choose_method(
        device.modes,
        weighed_photons(device.photons, device.interfering_photons),
        num_samples,
        # Circuits side by side share the room, as in the latent.
        max_table_bytes=DEFAULT_MAX_TABLE_BYTES // len(devices) if whole else 0,
        walk=walk_shape(device.unitary, device.input_state),
    )
