"""What comes before TensorFlow is imported: Keras' backend, and silence."""

__all__ = []
