"""Data sets: functions that load real samples."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "dataset": ["CountDataset", "Dataset", "ImageDataset", "MoleculeDataset"],
        "images.cifar10": ["cifar10"],
        "images.images": ["image_file"],
        "images.mnist": ["fashion_mnist", "mnist"],
        "images.naip28": ["naip28", "naip28_small"],
        "images.sat": ["sat4", "sat6"],
        "molecules.qm9": ["qm9"],
        "molecules.small_molecules": ["small_molecules"],
        "vectors.codes": ["codes"],
        "vectors.mixture": ["MixtureDataset", "mixture"],
        "vectors.synthetic": ["bernoulli", "quantum"],
    },
)
