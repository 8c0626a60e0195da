import re
import types

import pytest
import yaml

from qlatent_tf.config import Config
from qlatent_tf.experiments.published import published_figures
from qlatent_tf.glossary import key_scores
from qlatent_tf.publishing.card import classifier_card, model_card, record
from qlatent_tf.resolve import resolve
from qlatent_tf.scores import read_scores
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import list_presets, preset_directory

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
    assert "| figure | 0.5 | a metric of the author's own |" in card and "the other scores." in card
    assert "Real samples score, 1,000 of them" in card and "| figure@5 | 0.25 |" in card


def test_without_real_samples_nothing_is_said_of_them():
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5), PROVENANCE)
    assert "Real samples" not in card and "| figure@5 | 0.5 |  |\n\n</details>" in card


def test_a_model_without_scores_has_no_table_of_them():
    card = model_card("mine", MODEL, CONFIG, _evaluation(0.5, metrics={}), PROVENANCE)
    assert "None: no metric scores `quantum` by itself" in card and "|---|" not in card
    assert "model-index" not in _front_matter(card)


def test_what_was_not_recorded_is_not_said():
    config = CONFIG.override(generator_batch_size=8)
    card = model_card("mine", MODEL, config, _evaluation(0.5), {})
    assert "Generates samples: the model" in card and "trained on `quantum`" in card
    assert "1 generator steps of batch 4, the generator's 8, were made. Trainable" in card
    assert "minutes" not in card and "Versions: not recorded." in card
    assert _front_matter(card)["datasets"] == ["quantum"]


def _front_matter(card):
    assert card.startswith("---\n")
    return yaml.safe_load(card.split("---\n")[1])


def test_front_matter_is_what_model_hubs_read():
    evaluation = _evaluation(0.5)
    evaluation["metrics"] = {
        "right_total_share@5": {"mean": 0.9, "standard_error": 0.1},
        "integer_distance@5": {"mean": 0.04, "standard_error": 0.1},
        "fcd@5": {"mean": None, "standard_error": None},
        "mean_error@5": {"mean": 0.1, "standard_error": None},
    }
    card = model_card("mine", MODEL, CONFIG, evaluation, PROVENANCE)
    fields = _front_matter(card)
    assert fields["license"] == "apache-2.0" and fields["library_name"] == "qlatent_tf"
    assert {"vectors", "mlp", "latent-boson"} <= set(fields["tags"])
    assert fields["datasets"] == ["quantum"]
    (index,) = fields["model-index"]
    (result,) = index["results"]
    found = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert index["name"] == "mine" and found == {"integer_distance": 0.04, "right_total_share": 0.9}
    # The same scores, with what they mean, stand before the fold.
    before, _, folded = card.partition("<details>")
    assert (
        "| Distance to integers | 0.04 | mean of \\|x - round(x)\\|" in before
        and "\n\n`qlatent-tf list_models --metrics` explains" in before
        and "mean_error" not in before
    )
    assert "| mean_error@5 | 0.1 |  |" in folded and "qlatent-tf train --config mine" in before


def test_text_from_elsewhere_is_escaped():
    bad = "<script>x</script>|`a`\n# b"
    evaluation = _evaluation(0.5, dataset=bad)
    evaluation["metrics"] = {bad: {"mean": 0.5, "standard_error": None}}
    provenance = {**PROVENANCE, "dataset": {"name": bad}, "versions": {"numpy": bad}}
    card = model_card("mine", MODEL, CONFIG.override(dataset=bad), evaluation, provenance)
    assert _front_matter(card)["datasets"] == [bad]
    page = re.sub(r"```json.*?```", "", card.split("---\n")[2], flags=re.DOTALL)
    assert "<script>" not in page and "\n# b" not in page
    assert "| &lt;script>x&lt;/script>\\|`a` # b | 0.5 |  |" in page


def test_the_card_of_a_classifier():
    config = {"dataset": "toy", "image_size": 8, "channels": 3, "classes": 2, "widths": [4, 8]}
    config |= {"epochs": 3, "batch_size": 16}
    description = {"config": config, "provenance": {"dataset": {"name": "toy"}}, "versions": {}}
    measured = {
        "dataset": "toy",
        "num_samples": 30,
        "metrics": {"accuracy_toy_test@30": {"mean": 0.9, "standard_error": 0.05}},
        "class_accuracy": {"cat": 0.8, "dog": 1.0},
    }
    card = classifier_card("mine", 1234, description, measured)
    (index,) = _front_matter(card)["model-index"]
    assert index["results"][0]["metrics"][0]["value"] == 0.9
    assert "1,234 parameters, whose 8 features" in card and "| cat | 0.8 |" in card
    command = "--dataset toy --preset mine --set widths=[4,8] --set epochs=3 --set batch_size=16"
    assert f"qlatent-tf train_classifier {command}\n" in card
    # The configuration names the data, too.
    assert classifier_card("mine", 1234, {**description, "provenance": {}}, measured) == card


def test_the_card_of_a_preset_on_the_hub_names_it_in_commands():
    card = model_card("hf://ada/mine@v1", MODEL, CONFIG, _evaluation(0.5), PROVENANCE)
    assert 'from_preset("hf://ada/mine@v1")' in card and "\n# mine\n" in card
    assert "qlatent-tf train --config hf://ada/mine@v1\n" in card
    assert _front_matter(card)["model-index"][0]["name"] == "mine"


@pytest.mark.parametrize("name", list_presets(kind=None))
def test_the_hub_reads_committed_cards(name):
    library = pytest.importorskip("huggingface_hub")
    text = (preset_directory(name) / "README.md").read_text(encoding="utf-8")
    fields, data = _front_matter(text), library.ModelCard(text).data
    # It drops a model-index that it cannot read.
    scores = fields["model-index"][0]["results"][0]["metrics"]
    found = {result.metric_type: result.metric_value for result in data.eval_results}
    assert found == {score["type"]: score["value"] for score in scores}
    assert data.model_name == name and data.license == "apache-2.0"
    assert {result.dataset_name for result in data.eval_results} == set(data.datasets)
    assert data.to_dict().keys() >= {"license", "library_name", "tags", "datasets", "model-index"}


@pytest.mark.parametrize("name", list_presets(kind=None))
def test_committed_cards_hold_their_key_scores(name):
    directory = preset_directory(name)
    card = (directory / "README.md").read_text(encoding="utf-8")
    measured = read_json(directory / "metrics.json")
    scores = {
        score.metric: pytest.approx(score.mean)
        for score in key_scores(read_scores(measured["metrics"], measured["dataset"]), 3)
    }
    (index,) = _front_matter(card)["model-index"]
    found = {metric["type"]: metric["value"] for metric in index["results"][0]["metrics"]}
    assert found == scores and scores and index["name"] == name
    assert "tools/" not in card and card.count("<details>") == card.count("</details>") == 2


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
    evaluation["metrics"] = {"plain_fcd_qm9_129925@5": {"mean": 0.614, "standard_error": None}}
    card = model_card(
        "mine", MODEL, config, evaluation, PROVENANCE, published=published_figures(config)
    )
    assert "table II: means of 20 training runs of 20,000 steps, with their standard" in card
    assert "| plain_fcd | 0.614 | 1.16 ± 0.06 |" in card
    assert "| plain_parsed_unique_count | not scored | 2522 ± 65 |" in card
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


@pytest.mark.parametrize(
    "changes",
    [
        {"latent_options.transmission": 0.5},
        {"latent_options.interfering_photons": 1},
        {"latent_options.standardize": True},
        {"latent_options.modes": 4},
        {"latent_options.photons": 4},
        {"train_circuit": True},
    ],
)
def test_of_other_latents_than_the_papers_nothing_is_published(changes):
    assert published_figures(resolve(CONFIG.override(**changes))) is None
    assert published_figures(resolve(CONFIG.override(**{"latent_options.photons": 8})))
    rows = CONFIG.override(latent="samples", **{"latent_options.file": "rows.npy"})
    assert published_figures(resolve(rows)) is None
    wide = {"model": "resnet", "dataset": "cifar10", "latent": "gaussian"}
    assert published_figures(resolve(CONFIG.override(**wide, **{"latent_options.modes": 128})))
    wide = {"model": "molgan", "dataset": "qm9", "latent_options.modes": 32}
    figures = published_figures(resolve(CONFIG.override(**wide, **{"latent_options.photons": 16})))
    assert figures["figures"]["plain_parsed_unique_count"]


def test_a_card_says_which_file_training_takes_and_when_a_distance_says_little():
    config = CONFIG.override(dataset="molecules", dataset_options={"file": "/home/me/mine.smi"})
    data = {"name": "molecules", "file": "mine.smi", "sha256": "ab" * 32, "molecules": 9}
    found = {"fcd_molecules_9@50": 6.9, "parsed_unique_count@50": 117}
    metrics = {key: {"mean": mean, "standard_error": None} for key, mean in found.items()}
    evaluation = _evaluation(0.5, dataset="molecules", metrics=metrics)
    card = model_card("mine", MODEL, config, evaluation, {"dataset": data, "seconds": 70})
    assert "took 1 minute. Trainable" in card and "/home/me" not in card.partition("<details>")[0]
    assert f"the author's file `mine.smi` of the SHA-256 {'ab' * 32}, and so does scoring" in card
    assert "A distance of 117 distinct molecules says little: ChemNet has 512 features." in card
    short = model_card("mine", MODEL, config, evaluation, {"dataset": data, "seconds": 20.4})
    assert "took 20 seconds. Trainable" in short
    many = {**metrics, "parsed_unique_count@50": {"mean": 900, "standard_error": None}}
    again = model_card("mine", MODEL, CONFIG, {**evaluation, "metrics": many}, PROVENANCE)
    assert "says little" not in again and "author's file" not in again


def test_a_card_of_someones_own_code_says_what_it_takes():
    config = CONFIG.override(latent="mine:normal", dataset="mine:counts")
    card = model_card("mine", MODEL, config, _evaluation(0.5), PROVENANCE)
    for told in (
        'from_preset("mine", trust_code=True)',
        "qlatent-tf sample mine -n 64 --out samples.png --trust-code",
        "qlatent-tf evaluate mine --trust-code",
        "qlatent-tf train --config mine --trust-code",
        "the author's code, `mine:normal`, `mine:counts`: `mine.py` lies in",
    ):
        assert told in card, told
    assert "trust" not in model_card("mine", MODEL, CONFIG, _evaluation(0.5), PROVENANCE)


def test_a_card_of_one_sampling_seed_tells_no_errors():
    one, several = ({**_evaluation(0.5), "seeds": seeds} for seeds in ([0], [0, 1, 2]))
    card = model_card("mine", MODEL, CONFIG, one, {})
    assert "generated samples; one seed." in card and "standard errors below" not in card
    card = model_card("mine", MODEL, CONFIG, several, {})
    assert "over 3 sampling seeds" in card and "standard errors below are those" in card


def test_words_from_elsewhere_make_no_links_on_a_card():
    end = record({}, {}, {"keras": "3.15.1", "[x](http://e.org)": "**1**"})
    assert "keras 3.15.1, `[x](http://e.org)` `**1**`" in end
