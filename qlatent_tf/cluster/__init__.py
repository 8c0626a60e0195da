"""Many tasks on many processes, by Dask: what `reproduce` and `sample_latent` share."""

__all__ = []
