from .latent_generator import LatentGenerator as LatentGenerator
from .replicas import make_strategy as make_strategy
