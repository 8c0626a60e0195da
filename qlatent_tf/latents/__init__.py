"""The latents: distributions of TensorFlow Probability."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "boson_sampling": ["BosonSampling"],
        "classical": ["bernoulli", "gaussian"],
        "controls.builders": ["copula", "dirichlet_multinomial", "negative_binomial", "shuffled"],
        "controls.count_control": ["CountControl"],
        "latent_bank": ["write_latent_bank"],
        "photons": ["boson", "photonic"],
        "random_bits": ["RandomBits"],
        "recorded": ["samples"],
        "recorded_samples": ["RecordedSamples"],
        "vector_distribution": ["VectorDistribution"],
    },
)
