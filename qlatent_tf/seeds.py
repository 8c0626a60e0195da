"""Seeds for the separate purposes of one run."""

import hashlib


def derive_seed(seed: int, purpose: str) -> int:
    """Returns a 31-bit seed for one purpose, independent of those for other purposes and seeds.

    Args:
      seed: int. The run's seed.
      purpose: str. What the derived seed is for, such as "latent unitary".
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
