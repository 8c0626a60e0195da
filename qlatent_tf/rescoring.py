"""Scores of a preset that are computed anew, where a metric was added or mended."""

from qlatent_tf.card import model_card
from qlatent_tf.files import read_json, write_json, write_text
from qlatent_tf.preset_files import preset_directory
from qlatent_tf.run_directory import data_differences
from qlatent_tf.zoo import read_preset

_CONDITIONS = ("dataset", "num_samples", "seeds")


def save_scores(name_or_dir, model, dataset, evaluation, *, published=None, trust_code=False):
    """Writes scores into a preset, beside those of other metrics, and its card.

    Args:
      name_or_dir: str or path. The preset.
      model: WGANGP. What was loaded from it.
      dataset: Dataset. What its samples were compared with.
      evaluation: dict. What `evaluate` returned.
      published: dict. What a paper reports, see `experiments.published`.
      trust_code: bool. Whether the preset may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no scores.
      ValueError: if the preset's other scores are of other data, or of other samples.
    """
    directory = preset_directory(name_or_dir)
    description = read_preset(directory, trust_code=trust_code)
    before = read_json(directory / "metrics.json")
    differences = [
        f"{name}: {before[name]} -> {evaluation[name]}"
        for name in _CONDITIONS if before[name] != evaluation[name]
    ] or data_differences(description["provenance"]["dataset"], dataset)
    if differences:
        raise ValueError(
            f"Scores stand beside others of the same samples and data; those of {directory} differ "
            f"(its -> yours): {'; '.join(differences)}."
        )
    merged = {**before, "metrics": {**before["metrics"], **evaluation["metrics"]}}
    pictures = sorted(path.stem for path in directory.glob("*.png") if path.stem != "samples")
    card = model_card(
        directory.name, model, description["config"], merged, description["provenance"],
        tuple(pictures), published,
    )
    write_json(directory / "metrics.json", merged)
    write_text(directory / "README.md", card)
