"""The five tables of names, and where the builder of each lies."""

from qlatent_tf.registry.registry import LatentRegistry, Registry

latents = LatentRegistry(
    "latent",
    {
        "bernoulli": "latents.classical:bernoulli",
        "boson": "latents.photons:boson",
        "coherent": "latents.gaussian_light:coherent",
        "copula": "latents.controls.builders:copula",
        "dirichlet_multinomial": "latents.controls.builders:dirichlet_multinomial",
        "gaussian": "latents.classical:gaussian",
        "gaussian_boson": "latents.gaussian_light:gaussian_boson",
        "negative_binomial": "latents.controls.builders:negative_binomial",
        "photonic": "latents.photons:photonic",
        "samples": "latents.recorded:samples",
        "shuffled": "latents.controls.builders:shuffled",
        "squashed": "latents.gaussian_light:squashed",
        "thermal": "latents.gaussian_light:thermal",
    },
)
models = Registry(
    "model",
    {
        "autoencoder": "models.codes.builder:autoencoder",
        "last_qgan": "models.codes.builder:last_qgan",
        "mlp": "models.perceptrons:mlp",
        "molgan": "models.molecules.builder:molgan",
        "resnet": "models.images.builder:resnet",
    },
)
# Those that are a file of whoever trains.
OF_FILES = ("molecules", "images", "vectors")
datasets = Registry(
    "data set",
    {
        "bernoulli": "datasets.vectors.synthetic:bernoulli",
        "cifar10": "datasets.images.cifar10:cifar10",
        "codes": "datasets.vectors.codes:codes",
        "dirichlet_multinomial": "datasets.vectors.synthetic:dirichlet_multinomial",
        "fashion_mnist": "datasets.images.mnist:fashion_mnist",
        "images": "datasets.images.images:image_file",
        "mixture": "datasets.vectors.mixture:mixture",
        "mnist": "datasets.images.mnist:mnist",
        "molecules": "datasets.molecules.molecules:molecule_file",
        "naip28": "datasets.images.naip28:naip28",
        "naip28_small": "datasets.images.naip28:naip28_small",
        "photonic": "datasets.vectors.synthetic:photonic",
        "qm9": "datasets.molecules.qm9:qm9",
        "quantum": "datasets.vectors.synthetic:quantum",
        "sat4": "datasets.images.sat:sat4",
        "sat6": "datasets.images.sat:sat6",
        "small_molecules": "datasets.molecules.small_molecules:small_molecules",
        "thermal": "datasets.vectors.synthetic:thermal",
        "vectors": "datasets.vectors.files:vector_file",
    },
    offered={
        "data_dir": "--data-dir names the folder, in Python the argument data_dir",
        "progress": "--quiet hides progress bars where a command has it, in Python progress=False",
    },
    removed={
        "land_cover_tiles": "Its images were drawn; naip28_small, which comes with the package, "
        "has real ones of the same shape and bands."
    },
)
metrics = Registry(
    "metric",
    {
        "blobs": "metrics.vectors.blobs:blobs",
        "classifier_neighbours": "metrics.images.neighbours:classifier_neighbours",
        "classifier_scores": "metrics.images.classifier_scores:classifier_scores",
        "discreteness": "metrics.vectors.discreteness:discreteness",
        "fcd": "metrics.molecules.fcd:fcd",
        "inception_neighbours": "metrics.images.neighbours:inception_neighbours",
        "inception_scores": "metrics.images.inception_scores:inception_scores",
        "local_inception_scores": "metrics.images.inception_scores:local_inception_scores",
        "molecule_diversity": "metrics.molecules.diversity:molecule_diversity",
        "molecule_neighbours": "metrics.molecules.neighbours:molecule_neighbours",
        "molecule_properties": "metrics.molecules.properties:molecule_properties",
        "molecule_property_distances": "metrics.molecules.properties:molecule_property_distances",
        "molecule_substructures": "metrics.molecules.substructures:molecule_substructures",
        "molecules": "metrics.molecules.counts:molecules",
        "outcome_law": "metrics.vectors.outcome_law:outcome_law",
        "plain_decoding": "metrics.molecules.plain:plain_decoding",
        "pair_correlation": "metrics.vectors.pair_correlation:pair_correlation",
        "total_number": "metrics.vectors.total_number:total_number",
        "vector_neighbours": "metrics.vectors.neighbours:vector_neighbours",
    },
)
rewards = Registry(
    "reward",
    {
        "logp": "metrics.molecules.rewards:logp",
        "qed": "metrics.molecules.rewards:qed",
        "sa": "metrics.molecules.rewards:sa",
        "valid": "metrics.molecules.rewards:valid",
    },
)
