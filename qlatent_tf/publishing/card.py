"""The model card of a preset, written from what was measured.

A card begins with front matter in YAML, which model hubs read, and folds away what few will read.
"""

import json
import math
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.glossary import explain, key_scores, title
from qlatent_tf.latents.files import named_files, path_in
from qlatent_tf.registry import OF_FILES, own_module
from qlatent_tf.scores import Score, read_scores
from qlatent_tf.text.markdown import escaped, markdown_table

LICENSE = "apache-2.0"
# What a data set's record counts -> Hugging Face's name of the task, and the limits of samples.
_KINDS = {
    "molecules": ("graph-ml", "Nothing says that a molecule can be made, is stable or is safe."),
    "images": ("unconditional-image-generation", "Generated images show no real scenes."),
    "vectors": ("other", "Generated vectors are not measurements."),
}
_UNRECORDED = ("other", "The kind of the data was not recorded.")
# What the data set says of a classifier.
_SIZES = ("dataset", "dataset_options", "image_size", "channels", "classes")


def model_card(
    name: str,
    model,
    config: Config,
    evaluation: dict,
    provenance: dict,
    pictures=(),
    published=None,
    holds_latent_file=False,
) -> str:
    """Returns a preset's README.

    Args:
      name: str. What the preset is loaded by: its name, or ``hf://user/name``.
      model: WGANGP. Counted.
      config: Config. What it was trained with.
      evaluation: dict. What `evaluate` returned, with the ``step`` it was made at and, where they
        are known, the scores of ``real`` samples: what `evaluate_real` returned.
      provenance: dict. ``run.json`` of the run, or what is known of it.
      pictures: sequence of str. Names of pictures beside that of samples.
      published: dict. What a paper reports, see `experiments.published`.
      holds_latent_file: bool. Whether the preset holds the file that its latent reads.

    Returns:
      str, Markdown.
    """
    recorded = provenance.get("dataset")
    dataset = recorded or {"name": config.dataset}
    short = _short(name)
    what = next((kind for kind in _KINDS if kind in dataset), "vectors" if recorded else "samples")
    task, limits = _KINDS.get(what, _UNRECORDED)
    seconds = provenance.get("seconds")
    took = "were made" if seconds is None else f"took {_duration(seconds)}"
    scores = read_scores(evaluation["metrics"], evaluation["dataset"])
    key = _key_scores(scores)
    tags = [what, "generative-model", config.model, f"latent-{config.latent}"]
    size, seeds = config.generator_batch_size, len(evaluation["seeds"])
    generator_batch = f", the generator's {size}," if size not in (None, config.batch_size) else ""
    verb = "Reconstructs" if config.model == "autoencoder" else "Generates"
    trust, trusted = (" --trust-code", ", trust_code=True") if config.custom_names else ("", "")
    both = "both " if config.train_circuit else ""
    parameters = "; ".join(
        f"{part.name} {sum(math.prod(weight.shape) for weight in part.trainable_weights):,}"
        for part in model.layers
    )
    over = f"mean and standard error over {seeds} sampling seeds" if seeds > 1 else "one seed"
    counted = [
        f"{evaluation['num_samples']:,} generated samples; {over}.",
        score_table(scores),
    ]
    none = f"None: no metric scores `{text(dataset['name'])}` by itself; `--metrics` names some."
    all_scores = [
        *(counted if scores else [none]),
        *_real_scores(evaluation.get("real")),
        *_published_scores(published, scores, evaluation),
    ]
    return "\n\n".join(
        [
            front_matter(short, task, f"Generation of {what}", dataset["name"], tags, key),
            f"# {short}",
            f"{verb} {what}: the model `{text(config.model)}` with the latent "
            f"`{text(config.latent)}`, {both}trained on `{text(dataset['name'])}`.",
            "![Generated samples](samples.png)",
            *(f"![{text(one).replace('_', ' ').capitalize()}]({one}.png)" for one in pictures),
            *key_table(key),
            *_few_molecules(scores),
            "## Use",
            f'```python\nimport qlatent_tf\n\nmodel = qlatent_tf.from_preset("{name}"{trusted})\n'
            "samples = model.sample(1000, seed=0)\n```",
            f"On the command line, `qlatent-tf sample {name} -n 64 --out samples.png{trust}` draws "
            f"samples and `qlatent-tf evaluate {name}{trust}` scores them again.",
            *_own_code(config),
            "## Intended use and limits",
            "For studies of latent distributions, and as an example of the library. Samples "
            f"resemble the training data and inherit their limits. {limits} This is one training "
            "run: to compare latents, train each from several seeds."
            + " The standard errors below are those of sampling, not of training again."
            * (seeds > 1),
            "## Training",
            f"{evaluation['step']:,} generator steps of batch {config.batch_size}{generator_batch} "
            f"{took}. Trainable parameters: {parameters}. The same training again:",
            f"    qlatent-tf train --config {name}{trust}",
            *_own_file(config, dataset),
            *_latent_file(config, provenance.get("latent_file"), holds_latent_file),
            folded("All scores", all_scores),
            record(dataset, config.to_json(), provenance.get("versions", {})),
        ]
    )


def classifier_card(name: str, parameters: int, description: dict, measured: dict) -> str:
    """Returns the README of a preset that classifies images.

    Args:
      name: str. The preset's name.
      parameters: int. How many the classifier has.
      description: dict. The preset's ``config``, ``provenance`` and ``versions``.
      measured: dict. Its ``metrics.json``.

    Returns:
      str, Markdown.
    """
    options = description["config"]
    dataset = description["provenance"].get("dataset") or {"name": options["dataset"]}
    scores = read_scores(measured["metrics"], measured["dataset"])
    key, tags = _key_scores(scores), ["images", "image-classification"]
    task, side = "Classification of images", options["image_size"]
    of_data = {f"dataset_options.{k}": v for k, v in options.get("dataset_options", {}).items()}
    settings = "".join(
        f" --set {_setting(option, value)}"
        for option, value in {**options, **of_data}.items()
        if option not in _SIZES
    )
    classes = [
        [label, number(share)] for label, share in measured.get("class_accuracy", {}).items()
    ]
    return "\n\n".join(
        [
            front_matter(_short(name), "image-classification", task, dataset["name"], tags, key),
            f"# {_short(name)}",
            f"Classifies the images of `{text(dataset['name'])}`: a residual network of "
            f"{parameters:,} parameters, whose {options['widths'][-1]} features score generated "
            "images.",
            *key_table(key),
            "## Use",
            "    qlatent-tf evaluate PRESET --metrics classifier_scores",
            "```python\nfrom qlatent_tf.metrics.images.classifier import load_classifier\n\n"
            f'classifier, description = load_classifier("{name}")\n'
            "logits = classifier.predict(images)  # uint8, shape "
            f"(n, {side}, {side}, {options['channels']})\n```",
            "## Intended use and limits",
            "It scores images where Inception's weights are not at hand. Scores by it do not "
            "compare with scores by Inception, published ones among them.",
            "## Training",
            f"{options['epochs']} epochs of batch {options['batch_size']}. Nothing was chosen by "
            "the test images: the last epoch is kept. The same training again:",
            f"    qlatent-tf train_classifier --dataset {text(options['dataset'])} --preset "
            f"{_short(name)}{settings}",
            folded(
                "All scores",
                [
                    f"{measured['num_samples']:,} test images.",
                    score_table(scores),
                    *(
                        ["\n".join(markdown_table(["class", "accuracy"], classes))]
                        if classes
                        else []
                    ),
                ],
            ),
            record(dataset, options, description["versions"]),
        ]
    )


def _setting(option, value):
    setting = f"{option}={json.dumps(value, separators=(',', ':'))}"
    return shlex.quote(setting) if '"' in setting else setting  # A list needs no quotes.


def front_matter(name: str, task: str, task_name: str, dataset: str, tags, key) -> str:
    """Returns the YAML that model hubs read: licence, library, tags, data and key scores."""
    measured = [
        {"type": score.metric, "value": score.mean, "name": f"{title(score.metric)} ({score.key})"}
        for score in key
    ]
    result = {
        "task": {"type": task, "name": task_name},
        "dataset": {"type": dataset, "name": dataset},
        "metrics": measured,
    }
    fields = {
        "license": LICENSE,
        "library_name": "qlatent_tf",
        "tags": tags,
        "datasets": [dataset],
    }
    if measured:  # Hubs take no results without numbers.
        fields["model-index"] = [{"name": name, "results": [result]}]
    # JSON is YAML.
    return "\n".join(["---", *(f"{field}: {json.dumps(fields[field])}" for field in fields), "---"])


def key_table(key: Iterable[Score]) -> list[str]:
    """Returns the table of key scores with what they mean, if there are any."""
    rows, key = [], list(key)
    entries = [explain(score.metric) for score in key]
    for score, entry in zip(key, entries, strict=True):
        name, meaning = score.metric, "a metric of the author's own"
        if entry:
            better = f"; {entry.better} is better" if entry.better else ""
            name = entry.title[0].upper() + entry.title[1:]
            meaning = f"{entry.formula}; {entry.range}{better}"
        rows.append([name, number(score.mean), meaning])
    if not rows:
        return []
    heads = ["score", "value", "what it means"]
    every = "every score" if all(entries) else "the other scores"
    glossary = f"`qlatent-tf list_models --metrics` explains {every}."
    return ["\n".join(markdown_table(heads, rows, words=3)), glossary]


def score_table(scores: Iterable[Score], errors: bool = True) -> str:
    """Returns a table of scores, with their standard errors unless these are not wanted."""
    heads = ["metric", "mean", "standard error"] if errors else ["metric", "mean"]
    rows = [(score.key, number(score.mean), number(score.error)) for score in scores]
    return "\n".join(markdown_table(heads, [row[: len(heads)] for row in rows]))


def folded(title: str, parts: Iterable[str]) -> str:
    """Returns Markdown that a reader unfolds by its title."""
    return "\n\n".join([f"<details>\n<summary>{title}</summary>", *parts, "</details>"])


def record(dataset: dict, config: dict, versions: dict) -> str:
    """Returns the end of a card: data, configuration and versions in full, folded.

    Args:
      dataset: dict of JSON values. Name and provenance of the data.
      config: dict of JSON values. What it was trained with.
      versions: dict. Package -> version.

    Returns:
      str, Markdown.
    """
    parts = []
    for what, value in (("Data", dataset), ("Configuration", config)):
        parts += [f"{what}:", f"```json\n{json.dumps(value, indent=2)}\n```"]
    named = (f"{_plain(package)} {_plain(version)}" for package, version in versions.items())
    known = ", ".join(named) or "not recorded"
    return folded("Data, configuration and versions", [*parts, f"Versions: {known}."]) + "\n"


def _plain(value) -> str:
    """Returns words as they are, and what could be read as Markdown as code."""
    return str(value) if re.fullmatch(r"[\w.+ -]+", str(value)) else f"`{text(value)}`"


def _duration(seconds: float) -> str:
    number, unit = (round(seconds / 60), "minute") if seconds >= 60 else (round(seconds), "second")
    return f"{number} {unit}{'s' * (number != 1)}"


def text(value) -> str:
    """Returns text from elsewhere on one line without HTML or backticks, to stand between such."""
    return escaped(value).replace("`", "'")


def number(value: float | None) -> str:
    """Returns a number in four significant digits; nothing where it is not defined."""
    return "" if value is None or math.isnan(value) else f"{value:.4g}"


def _short(name: str) -> str:
    """The name of a preset on a hub without that of its owner and the revision."""
    return name.rpartition("/")[2].partition("@")[0]


def _key_scores(scores):
    return key_scores([score for score in scores if not math.isnan(score.mean)], count=3)


def _few_molecules(scores):
    """Says where a Frechet distance is of too few molecules for a covariance of full rank."""
    found = {score.metric: score.mean for score in scores}
    if math.isnan(found.get("fcd", math.nan)):
        return

    from qlatent_tf.metrics.molecules.chemnet import WIDTH

    distinct = found.get("parsed_unique_count", math.inf)
    if distinct <= WIDTH:
        yield (
            f"A distance of {distinct:,.0f} distinct molecules says little: ChemNet has {WIDTH} "
            "features."
        )


def _own_code(config):
    """Says that the preset names code that is nobody's but the author's."""
    if config.custom_names:
        named = ", ".join(f"`{text(name)}`" for name in config.custom_names)
        modules = sorted({own_module(name) for name in config.custom_names})
        files = ", ".join(f"`{text(module)}.py`" for module in modules)
        yield (
            f"The preset does not hold the author's code, {named}: {files} lies in the working "
            "directory, or is installed, and is run if you trust it."
        )


def _own_file(config, dataset):
    """Says that training again takes a file that is nobody's but the author's."""
    file = config.dataset_options.get("file")
    if file is not None and config.dataset in OF_FILES:
        digest = f" of the SHA-256 {_plain(dataset['sha256'])}" if "sha256" in dataset else ""
        yield (
            f"It takes the author's file `{text(dataset.get('file', file))}`{digest}, and so does "
            "scoring: `--set dataset_options.file=PATH` names yours."
        )


def _latent_file(config, recorded, held):
    """Says where the file is that the latent reads."""
    option, value = next(iter(named_files(config).items()), (None, None))
    if option is None:
        return
    what = "samples" if option == "file" else "circuit"
    file = Path(path_in(option, value)).name
    if held:
        yield f"The file of the latent's {what} is the preset's `{text(file)}`."
        return
    bank = recorded and recorded.get("bank")
    digest = f" of the SHA-256 {_plain(recorded['sha256'])}" if recorded and not bank else ""
    yield (
        f"The preset does not hold the file of the latent's {what}, `{text(file)}`{digest}: "
        "`--latent-file PATH`, or `latent_options` of `from_preset`, names yours."
    )


def _real_scores(evaluation):
    if not evaluation:
        return []
    scores = read_scores(evaluation["metrics"], evaluation["dataset"])
    title = f"Real samples score, {evaluation['num_samples']:,} of them, held out of the training:"
    return [title, score_table(scores, errors=False)]


def _published_scores(published, scores, evaluation):
    if not published:
        return []
    ours = {score.metric: score for score in scores if score.is_as_published}
    rows = []
    for metric, (mean, error) in published["figures"].items():
        score = ours.get(metric)
        value = "not scored" if score is None else number(score.mean)
        rows.append([score.name if score else metric, value, f"{mean:g} ± {error:g}"])
    heads = ["score", f"this run, {evaluation['num_samples']:,} samples", "published"]
    table = "\n".join(markdown_table(heads, rows))
    return [f"{published['source']}, with their standard errors:", table]
