import types

from qlatent_tf.config import Config
from qlatent_tf.experiments.published import published_figures
from qlatent_tf.publishing.card import model_card

CONFIG = Config(model="mlp", latent="boson", dataset="quantum", steps=1, batch_size=4)
MODEL = types.SimpleNamespace(layers=[])
PROVENANCE = {"dataset": {"name": "quantum"}, "seconds": 60, "versions": {"numpy": "2"}}


def _evaluation(value, **more):
    return {
        "step": 1,
        "dataset": "quantum",
        "num_samples": 5,
        "seeds": [0],
        "metrics": {"figure@5": {"mean": value, "standard_error": None}},
        **more,
    }


def test_scores_of_real_samples_stand_beside_those_of_generated_ones():
    real = {**_evaluation(0.25), "num_samples": 1000}
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5, real=real), PROVENANCE)
    assert "| figure@5 | 0.5 |  |" in card
    assert "Real samples score, 1,000 of them" in card and "| figure@5 | 0.25 |" in card


def test_without_real_samples_nothing_is_said_of_them():
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5), PROVENANCE)
    assert "Real samples" not in card and "| figure@5 | 0.5 |  |\n\nOne training" in card


def test_what_the_paper_reports_stands_beside():
    config = Config(
        model="molgan",
        latent="boson",
        dataset="qm9",
        steps=1,
        batch_size=4,
        latent_options={"modes": 16, "interferometer": "haar"},
    )
    evaluation = _evaluation(0.5, dataset="qm9")
    evaluation["metrics"] = {"fcd_qm9_129925@5": {"mean": 0.614, "standard_error": None}}
    card = model_card(
        "mine", MODEL, config, evaluation, PROVENANCE, published=published_figures(config)
    )
    assert "table II: means of 20 training runs of 20,000 steps, with their standard" in card
    assert "| fcd | 0.614 | 1.16 ± 0.06 |" in card
    assert "| parsed_unique_count | not scored | 2522 ± 65 |" in card
    assert published_figures(config.override(dataset="small_molecules")) is None
    assert published_figures(config.override(**{"latent_options.interferometer": "1-1"})) is None
    photographs = CONFIG.override(model="resnet", dataset="cifar10")
    published = published_figures(photographs)
    assert published["figures"] == {"inception_score": (7.54, 0.011)}
    evaluation = _evaluation(0.5, dataset="cifar10")
    evaluation["metrics"] = {
        f"inception_score_{name}@5": {"mean": value, "standard_error": None}
        for name, value in (
            ("deviation_tfgan_inception_ab12", 0.1),
            ("keras_inception_v3", 6.5),
            ("tfgan_inception_ab12", 7.4),
        )
    }
    card = model_card("mine", MODEL, photographs, evaluation, PROVENANCE, published=published)
    assert "| inception_score_tfgan_inception_ab12 | 7.4 | 7.54 ± 0.011 |" in card
    assert published_figures(CONFIG)["figures"] == {"integer_distance": (0.036, 0.001)}
