"""What to say where drawing from a latent takes longer than the training step that needs it."""


def slow_sampling(latent, batch_size: int, step_seconds: float) -> str | None:
    """Returns a warning if a batch takes longer to draw than a training step, or None.

    Args:
      latent: tfd.Distribution. What has no `sampling_seconds` is taken to be fast.
      batch_size: int. Latents that a training step needs, those of all critic steps included.
      step_seconds: float. What the rest of the step takes.

    Example:
      >>> slow_sampling(boson(), 64, step_seconds=0.01) is None
      True
    """
    estimate = getattr(latent, "sampling_seconds", None)
    seconds = estimate(batch_size) if estimate is not None else 0.0
    if seconds <= step_seconds:
        return None
    return (
        f"A training step needs {batch_size:,} latents, which take one core about "
        f"{seconds:,.2g} s to draw; the rest of the step takes {step_seconds:.2g} s. "
        "sample_latent writes a bank of samples once, from which the latent 'samples' draws "
        "in no time: --latent samples --set latent_options.file=BANK."
    )
