"""Scores of a preset that are computed anew, and cards that are written again."""

from qlatent_tf.config import Config
from qlatent_tf.publishing.card import classifier_card, model_card
from qlatent_tf.runs.run_directory import data_differences
from qlatent_tf.storage.files import atomic_path, read_json, write_json, write_text
from qlatent_tf.storage.hub import LATENT_FILES
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.storage.preset_files import (
    GAN,
    METRICS,
    own_preset_directory,
    read_description,
)
from qlatent_tf.text.differences import differences, format_differences
from qlatent_tf.zoo import from_preset, read_preset


def check_conditions(
    name_or_dir, dataset, num_samples, seeds, *, replace=False, trust_code=False
) -> None:
    """Refuses scores that could not stand beside a preset's others, before they are computed.

    Args:
      name_or_dir: str or path. The preset.
      dataset: Dataset. What its samples are compared with.
      num_samples: int. Generated samples a seed.
      seeds: sequence of int. Sampling seeds.
      replace: bool. Whether none of the preset's others will stay.
      trust_code: bool. Whether the preset may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no scores.
      ValueError: if the preset's scores are of other data, or of other samples.
    """
    directory = own_preset_directory(name_or_dir)
    before = read_json(directory / "metrics.json", METRICS[GAN])
    now = {"dataset": dataset.name}
    if not replace:
        now |= {"num_samples": num_samples, "seeds": list(seeds)}
    found = differences({name: before[name] for name in now}, now)
    recorded = read_preset(directory, trust_code=trust_code)["provenance"].get("dataset")
    # A preset that was saved without a record has the name of its data alone.
    found = found or (data_differences(recorded, dataset) if recorded else {})
    if found:
        raise ValueError(
            f"Scores stand beside others of the same samples and data; those of {directory} differ "
            f"(its -> yours): {format_differences(found)}."
        )


def save_scores(
    name_or_dir, model, evaluation, *, replace=False, published=None, trust_code=False
) -> None:
    """Writes scores into a preset, beside those of other metrics, and its card.

    Args:
      name_or_dir: str or path. The preset.
      model: WGANGP. What was loaded from it.
      evaluation: dict. What `evaluate` returned, under conditions that `check_conditions` let pass.
      replace: bool. Whether scores of other metrics go.
      published: dict. What a paper reports, see `experiments.published`.
      trust_code: bool. Whether the preset may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no scores.
      InUseError: if another process is writing scores into it.
    """
    directory = own_preset_directory(name_or_dir)
    preset = read_preset(directory, trust_code=trust_code)
    with sole_use(directory / ".scores.lock", f"writing scores into {directory}"):
        before = read_json(directory / "metrics.json", METRICS[GAN])
        kept = {} if replace else before["metrics"]
        merged = {**before, **evaluation, "metrics": {**kept, **evaluation["metrics"]}}
        card = _card(directory, directory.name, model, preset, merged, published)
        # The card is staged first: both are written, or neither.
        with atomic_path(directory / "README.md") as staged:
            staged.write_text(card, encoding="utf-8")
            write_json(directory / "metrics.json", merged)


def rewrite_card(name_or_dir, *, name=None, published=None, trust_code=False) -> None:
    """Writes a preset's card again, from its scores and its record.

    Args:
      name_or_dir: str or path. The preset, of any kind.
      name: str. What the card calls it, such as ``hf://user/name``; its directory by default.
      published: callable. `published(config)` returns what a paper reports of a configuration.
      trust_code: bool. Whether the preset may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no scores.
    """
    directory = own_preset_directory(name_or_dir)
    description, name = read_description(directory), name or directory.name
    scores = read_json(directory / "metrics.json", METRICS[description["kind"]])
    if description["kind"] == GAN:
        preset = read_preset(directory, trust_code=trust_code)
        model = from_preset(directory, trust_code=trust_code)
        known = published and published(preset["config"])
        card = _card(directory, name, model, preset, scores, known)
    else:
        from qlatent_tf.metrics.images.classifier import load_classifier

        parameters = load_classifier(directory)[0].count_params()
        card = classifier_card(name, parameters, description, scores)
    write_text(directory / "README.md", card)


def _card(directory, name, model, preset, scores, published):
    # As it is stored: it tells no path of this machine.
    description = read_description(directory)
    config = Config.from_json(description["config"], trust_code=True)
    held = not description["sha256"].keys().isdisjoint(LATENT_FILES)
    pictures = sorted(path.stem for path in directory.glob("*.png") if path.stem != "samples")
    provenance = {"versions": preset["versions"], **preset["provenance"]}
    return model_card(name, model, config, scores, provenance, pictures, published, held)
