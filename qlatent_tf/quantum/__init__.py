"""Photons in interferometers, sampled and computed exactly, without TensorFlow."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "devices.marginals": ["photon_marginals"],
        "devices.photonic_device": ["PhotonicDevice"],
        "kernels.permanents": ["permanent", "permanents"],
        "recordings.bank": ["SampleBank", "write_bank"],
        "recordings.open_samples": ["open_samples"],
        "samplers.boson_sampler": ["BosonSampler"],
        "samplers.distinguishable": ["DistinguishableSampler"],
        "samplers.fock_table": ["FockTable", "exact_distribution"],
        "unitaries": ["haar_unitary", "load_unitary", "loop_unitary"],
        "verification.report": ["SampleReport", "validate_samples"],
    },
)
