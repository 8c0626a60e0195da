"""The GANs of the zoo, and their networks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "codes.autoencoder": ["Autoencoder"],
        "codes.builder": ["autoencoder", "last_qgan"],
        "codes.code_gan": ["CodeGAN"],
        "codes.coder_networks": ["image_decoder", "image_encoder"],
        "codes.model": ["LaStQGAN", "classical_generator", "code_critic", "quantum_generator"],
        "images.builder": ["resnet"],
        "images.model": ["ResNet"],
        "images.networks": ["image_critic", "image_generator"],
        "invertible": ["Inverse"],
        "molecules.builder": ["molgan"],
        "molecules.model": ["MolGAN"],
        "molecules.networks": ["graph_critic", "graph_generator"],
        "molecules.rewards": ["RewardMolGAN"],
        "perceptrons": ["invertible_perceptron", "mlp", "perceptron"],
    },
)
