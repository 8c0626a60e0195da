"""What a run refuses or warns of before it makes its directory."""

import re
import types

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import tiny_config

from qlatent_tf.latents.trained import trained
from qlatent_tf.registry import latents, models
from qlatent_tf.runs.checks import affordable, check_fit, check_memory, warn_of_slow_draws

GAUSSIAN = tfp.distributions.MultivariateNormalDiag(tf.zeros(4))
CODER = {"image": [8, 8, 3], "filters": [4], "hidden": 4}
MODELS = {
    "mlp": {"features": 4, "units": [4]},
    "molgan": {"generator_units": [4], "critic_graph_units": [4], "critic_units": [4]},
    "resnet": {"resolution": 8, "filters": 4, "blocks": 2},
    "last_qgan": {**CODER, "generator": "classical", "width": 4, "qubits": 2, "critic_width": 4},
    "autoencoder": CODER,
}
DATA = {
    "vectors": GAUSSIAN,
    "wide vectors": np.zeros((9, 5), np.float32),
    "molecules": {"atoms": np.zeros((9, 9), np.int8), "bonds": np.zeros((9, 9, 9), np.int8)},
    "images": np.zeros((9, 8, 8, 3), np.uint8),
    "large images": np.zeros((9, 16, 16, 3), np.uint8),
}
FIT = {
    ("mlp", "vectors"),
    ("molgan", "molecules"),
    ("resnet", "images"),
    ("last_qgan", "images"),
    ("last_qgan", "vectors"),  # As wide as its codes, which it takes as well.
    ("autoencoder", "images"),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return request.param, models.build(request.param, GAUSSIAN, **MODELS[request.param])


def test_each_model_takes_its_data_and_refuses_others_in_a_sentence(model):
    name, built = model
    config = tiny_config(model=name, batch_size=2)
    for data, source in DATA.items():
        dataset = types.SimpleNamespace(name=data, source=source)
        if (name, data) in FIT:
            check_fit(config, built, dataset)
            continue
        with pytest.raises(ValueError, match="shape") as caught:
            check_fit(config, built, dataset)
        assert len(str(caught.value)) < 500 and "\n" not in str(caught.value), data


def test_more_samples_than_memory_holds_are_refused_before_they_are_drawn():
    built = models.build("mlp", GAUSSIAN, **MODELS["mlp"])
    check_memory(tiny_config(), built)
    with pytest.raises(ValueError, match="2,000,000,000,000 evaluation_samples take .* of memory"):
        check_memory(tiny_config(evaluation_samples=2 * 10**12), built)
    with pytest.raises(ValueError, match="2,000,000,000,000 latents of 4 take .* of memory"):
        built.sample(2 * 10**12)


def test_more_latents_than_a_trained_circuit_draws_in_a_step_are_refused_at_once():
    options = {"modes": 6, "photons": 4, "unitary_seed": 0}
    circuit = trained(latents.build("boson", **options), "boson", options)
    built = models.build("mlp", circuit, features=4, units=[4])
    check_memory(tiny_config(batch_size=500), built)
    with pytest.raises(ValueError, match="4 photons take up to .* choose a smaller batch_size"):
        check_memory(tiny_config(batch_size=10**6), built)
    # A step draws for each of the critic's updates, and once for the generator's own batch.
    small = tiny_config(batch_size=500, generator_batch_size=3)
    drawn = []
    circuit.check_batch = drawn.append
    check_memory(small, built)
    assert drawn == [500 * small.critic_steps + 3]


def test_slow_draws_are_told_of_and_made_less_often(caplog):
    slow = types.SimpleNamespace(sampling_seconds=lambda count: count / 10)
    config = tiny_config()
    warn_of_slow_draws(config, slow, np.zeros((4, 2)))
    assert "Each step draws 24 latents, which takes about 2.4 s" in caplog.text
    assert "real samples" not in caplog.text
    caplog.clear()
    warn_of_slow_draws(config, GAUSSIAN, slow)
    assert "Each step draws 16 real samples, which takes about 1.6 s. Take fewer" in caplog.text
    caplog.clear()
    warn_of_slow_draws(config, GAUSSIAN, GAUSSIAN)
    assert not caplog.text
    assert affordable(slow, 10_000, seconds=20.0) == 200
    assert affordable(slow, 10_000, seconds=1.0) == 100
    assert affordable(slow, 50, seconds=20.0) == affordable(GAUSSIAN, 50, seconds=0.0) == 50


@pytest.mark.parametrize(
    "shape, arrays, advice",
    [
        (
            (16, 16, 3),
            [],
            "Set dataset_options.size=8, or model_options.resolution=16 with "
            "model_options.blocks=3.",
        ),
        ((8, 12, 3), [], "Set dataset_options.size=8."),
        ((8, 8, 1), [], "Set model_options.channels=1."),
        ((12, 12, 3), ["x"], "Set model_options.resolution=12 with model_options.blocks=2."),
        (
            (12, 12, 5),
            ["x"],
            "model_options.blocks=2; and dataset_options.bands=3 with model_options.channels=3.",
        ),
        ((8, 12, 3), ["x"], "The model makes squares, their side a multiple of 4: cut or scale "
         "the images."),
        ((6, 6, 3), ["x"], "a multiple of 4: cut or scale the images."),
    ],
)  # fmt: skip
def test_images_of_another_size_come_with_what_to_set(shape, arrays, advice):
    config = tiny_config(model="resnet", dataset="images")
    model = models.build("resnet", GAUSSIAN, **MODELS["resnet"])
    data = types.SimpleNamespace(
        name="mine", source=np.zeros((9, *shape), np.uint8), provenance={"arrays": arrays}
    )
    with pytest.raises(ValueError, match=re.escape(advice) + "$"):
        check_fit(config, model, data)


def test_coloured_images_of_a_folder_may_become_grey():
    config = tiny_config(model="resnet", dataset="images")
    model = models.build("resnet", GAUSSIAN, **{**MODELS["resnet"], "channels": 1})
    data = types.SimpleNamespace(
        name="mine", source=np.zeros((9, 8, 8, 3), np.uint8), provenance={"arrays": []}
    )
    advice = "Set dataset_options.grey=true, or model_options.channels=3.$"
    with pytest.raises(ValueError, match=advice):
        check_fit(config, model, data)
