"""One configuration for each model: how it is trained."""

__all__ = []


def of_width(latent: str, width: int) -> dict:
    """Returns the options of a latent of that width; recordings and custom latents have theirs."""
    return {} if ":" in latent or latent == "samples" else {"modes": width}
