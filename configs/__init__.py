"""One configuration for each model: how it is trained."""

__all__ = []


def of_width(latent: str, width: int) -> dict:
    """Returns the options of a latent of that width: what is recorded or your own has its own."""
    return {} if ":" in latent or latent == "samples" else {"modes": width}
