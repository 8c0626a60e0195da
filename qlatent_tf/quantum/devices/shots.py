"""Shots of a photonic device: who survives, who interferes, what the detectors count."""

import functools
import threading
from typing import Any

import numpy as np
from scipy.stats import binom, hypergeom

from qlatent_tf.quantum.devices.count_law import (
    CountLaw,
    draw_binomial,
    draw_hypergeometric,
    random_subsets,
)
from qlatent_tf.quantum.devices.second_photons import emission
from qlatent_tf.quantum.random_streams import stream_key, uniforms
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler

SECONDS_A_PHOTON = 1e-8  # that goes its own way
SHOTS_PER_CHUNK = 2**16  # bounds the memory of the random numbers
_BUILD_LOCK = threading.Lock()


class ShotSampler:
    """Draws shots whose surviving photons and dark counts follow a count distribution.

    Surviving photons are a random subset of the input. A binomial number of them, with probability
    sqrt(indistinguishability), is good; the good ones are boson sampled, the bad ones go their own
    ways, and the counts are added, as are those of second photons. Then come the loss that differs
    between modes, dark counts, and the detectors.

    Args:
      device: PhotonicDevice, without its post-selection.
      **sampler_options: For `BosonSampler`: max_table_bytes, expected_samples, num_threads.

    Attributes:
      boson_sampler: BosonSampler, without a table unless it is asked for by `method`; None if no
        photon is ever good.

    Raises:
      ValueError: if the method cannot hold the photons or cannot send subsets of them.
    """

    def __init__(self, device, **sampler_options):
        self._circuit = (device.unitary, device.input_state)
        self._photons = device.photons
        self._good_share = float(np.sqrt(device.indistinguishability))
        self._interfering = device.interfering_photons
        self._kept = device.kept
        self._count_law: CountLaw = device.count_law
        self._clicks = device.detector == "threshold"
        self._sampler_options = {
            "method": device.method, "precision": device.precision, **sampler_options
        }  # fmt: skip
        law = self._count_law.probabilities
        all_good = self._good_share == 1 and self._interfering == self._photons
        self._sends_subsets = not all_good or bool(law[:-1].any())
        # None where there are none: then nothing is drawn for them.
        has_second = device.noise.second_photon > 0
        self._second_photons = functools.partial(emission, device) if has_second else None
        self._is_dim = has_second and device.noise.brightness < 1
        self._is_perfect = (
            not (self._sends_subsets or has_second)
            and law[-1, 0] == 1
            and bool((self._kept == 1).all())
        )
        if device.method == "table" and self._good_share > 0 and self._sends_subsets:
            raise ValueError(
                "method='table' holds the distribution of all photons together; with loss in every "
                "mode or partly distinguishable photons use 'auto', 'lanes', 'glynn' or 'loop'."
            )
        self.boson_sampler: Any = None
        if self._good_share > 0:
            # Refuses too many photons now; a table that "auto" chooses waits for the first sample.
            no_table = {} if device.method == "table" else {"max_table_bytes": 0}
            survivors = int(np.flatnonzero(law.any(axis=1))[-1])
            self.boson_sampler = BosonSampler(
                *self._circuit,
                **{**self._sampler_options, **no_table},
                most_sent=min(survivors, self._interfering),
            )
        self._all_good = all_good
        if not all_good or has_second:
            self._distinguishable_sampler = DistinguishableSampler(
                *self._circuit, num_threads=sampler_options["num_threads"]
            )

    @functools.cached_property
    def whole_sampler(self) -> BosonSampler:
        """The sampler of all photons at once, by a table where that is cheapest."""
        with _BUILD_LOCK:
            built = self.__dict__.get("whole_sampler")
            if self._sampler_options["method"] == "table":
                built = self.boson_sampler
            return built or BosonSampler(*self._circuit, **self._sampler_options)

    def seconds(self, num_samples: int) -> float:
        """Returns about how long one core takes for shots, without a table that may shorten it."""
        if self._good_share == 0:
            return num_samples * self._photons * SECONDS_A_PHOTON
        photons = np.arange(self._photons + 1)
        survivors = self._count_law.probabilities.sum(axis=1)
        chosen = hypergeom.pmf(photons, self._photons, self._interfering, photons[:, None])
        good = survivors @ chosen @ binom.pmf(photons, photons[:, None], self._good_share)
        return sum(
            share * self.boson_sampler.sampling_seconds(num_samples, sent)
            for sent, share in enumerate(good.tolist())
            if share > 0
        )

    def sample(self, num_samples: int, seed: int, start: int) -> np.ndarray:
        """Returns shots number start, start + 1, ..., uint8 array, shape `[num_samples, modes]`."""
        if self._is_perfect:
            rows = self.whole_sampler.sample(num_samples, seed, start=start)
        else:
            rows = np.empty((num_samples, len(self._kept)), np.uint8)
            for first in range(0, num_samples, SHOTS_PER_CHUNK):
                last = min(first + SHOTS_PER_CHUNK, num_samples)
                rows[first:last] = self._sample_chunk(last - first, seed, start + first)
        return np.minimum(rows, 1) if self._clicks else rows

    def _sample_chunk(self, num_samples: int, seed: int, start: int) -> np.ndarray:
        def draw(purpose: str, num_draws: int) -> np.ndarray:
            return uniforms(seed, f"device {purpose}", num_samples, num_draws, start=start)

        modes = len(self._kept)
        if (self._count_law.probabilities > 0).sum() > 1:
            survivors, dark_counts = self._count_law.draw(draw("counts", 1)[:, 0])
        else:
            survivors, dark_counts = self._count_law.draw(np.zeros(num_samples))
        rows, sent = self._propagate(survivors, seed, start, draw)
        if self._second_photons is not None:
            passes = draw("second", self._photons) < self._second_photons(sent)
            rows += self._distinguishable_sampler.sample(
                num_samples,
                int(stream_key(seed, "second photons")),
                start=start,
                photon_mask=passes,
            )
        if (self._kept < 1).any():
            rows = draw_binomial(draw("output loss", modes), rows, self._kept).astype(np.uint8)
        if dark_counts.any():
            rows += random_subsets(draw("dark counts", modes), dark_counts)
        return rows

    def _propagate(
        self, survivors: np.ndarray, seed: int, start: int, draw
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Returns counts of the surviving photons, and which these are if second photons ask."""
        size = len(survivors)
        if not self._sends_subsets:
            return self.whole_sampler.sample(size, seed, start=start), None
        if self._all_good:
            drawn = self.boson_sampler.sample(
                size, seed, start=start, photons_per_sample=survivors, return_photons=self._is_dim
            )
            return drawn if self._is_dim else (drawn, None)
        if self._good_share == 0:
            mask = None
            if (survivors < self._photons).any():
                mask = random_subsets(draw("bad", self._photons), survivors)
            rows = self._distinguishable_sampler.sample(size, seed, start=start, photon_mask=mask)
            if mask is None:
                mask = np.ones((size, self._photons), np.bool_)
            return rows, mask if self._is_dim else None
        good = survivors
        if self._interfering < self._photons:
            good = draw_hypergeometric(
                draw("interfering", 1)[:, 0], survivors, self._interfering, self._photons
            )
        if self._good_share < 1:
            good = draw_binomial(draw("good", 1)[:, 0], good, self._good_share)
        rows, is_good = self.boson_sampler.sample(
            size, seed, start=start, photons_per_sample=good, return_photons=True
        )
        # The bad photons are a random subset of the others: keys of good ones are the largest.
        is_bad = random_subsets(draw("bad", self._photons) + is_good, survivors - good)
        rows += self._distinguishable_sampler.sample(size, seed, start=start, photon_mask=is_bad)
        return rows, is_good | is_bad if self._is_dim else None
