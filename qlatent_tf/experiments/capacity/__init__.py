"""How wide a classical network must be to match a circuit."""

__all__ = []
