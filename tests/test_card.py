import types

from qlatent_tf.card import model_card
from qlatent_tf.config import Config

CONFIG = Config(model="mlp", latent="boson", dataset="quantum", steps=1, batch_size=4)
MODEL = types.SimpleNamespace(layers=[])
PROVENANCE = {"dataset": {"name": "quantum"}, "seconds": 60, "versions": {"numpy": "2"}}


def _evaluation(value, **more):
    return {
        "step": 1, "num_samples": 5, "seeds": [0],
        "metrics": {"figure@5": {"mean": value, "standard_error": None}}, **more,
    }


def test_scores_of_real_samples_stand_beside_those_of_generated_ones():
    real = {**_evaluation(0.25), "num_samples": 1000}
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5, real=real), PROVENANCE)
    assert "| figure@5 | 0.5 |  |" in card
    assert "Real samples score, 1,000 of them" in card and "| figure@5 | 0.25 |" in card


def test_without_real_samples_nothing_is_said_of_them():
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5), PROVENANCE)
    assert "Real samples" not in card and "| figure@5 | 0.5 |  |\n\nOne training" in card
