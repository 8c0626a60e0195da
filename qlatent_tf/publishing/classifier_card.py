"""Makes a preset of a trained classifier: its scores on the test images, and its card."""

import json
from pathlib import Path

import numpy as np

from qlatent_tf.metrics.images.classifier import (
    KIND,
    Classifier,
    ClassifierConfig,
    build_classifier,
)
from qlatent_tf.publishing.card import record
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import versions, write_preset

_BATCH = 500


def publish_classifier(
    model: Classifier, config: ClassifierConfig, workdir, dataset, directory
) -> dict:
    """Writes a preset of the kind ``classifier``.

    Args:
      model: Classifier. What `train_classifier` returned.
      config: ClassifierConfig. What it was trained with.
      workdir: path. Its run's directory.
      dataset: ImageDataset with test images and labels.
      directory: path. The preset's directory.

    Returns:
      dict. The scores, as in the preset's ``metrics.json``.
    """
    scores = scores_on_test(model, dataset)
    provenance = {
        **read_json(Path(workdir) / "run.json"),
        "history": read_json(Path(workdir) / "metrics.json"),
    }
    # A fresh model, for one that was compiled would save its optimizer too.
    bare = build_classifier(config)
    bare.set_weights(model.get_weights())
    name = Path(directory).name
    write_preset(
        directory,
        KIND,
        config.to_json(),
        bare.save_weights,
        metrics=scores,
        card=classifier_card(name, bare, config, scores, provenance),
        provenance=provenance,
    )
    return scores


def scores_on_test(model: Classifier, dataset) -> dict:
    """Returns accuracy and cross entropy on the test images, and the accuracy on each class.

    Args:
      model: Classifier.
      dataset: ImageDataset with test images and labels.

    Returns:
      dict of JSON values: ``dataset``, ``num_samples``, ``metrics`` by name with their ``mean`` and
      its ``standard_error`` over the test images, and ``class_accuracy`` by the class's name.
    """
    labels, count = np.asarray(dataset.test_labels), len(dataset.test_labels)
    logits = model.predict(dataset.test, batch_size=_BATCH, verbose=0).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    entropy = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(count), labels]
    right = logits.argmax(axis=1) == labels
    figures = {"accuracy": right, "cross_entropy": entropy}
    return {
        "dataset": dataset.name,
        "num_samples": count,
        "metrics": {
            f"{name}_{dataset.name}_test@{count}": {
                "mean": float(values.mean()),
                "standard_error": float(values.std() / np.sqrt(count)),
            }
            for name, values in figures.items()
        },
        "class_accuracy": {
            str(name): float(right[labels == label].mean())
            for label, name in enumerate(dataset.class_names)
            if (labels == label).any()
        },
    }


def classifier_card(
    name: str, model: Classifier, config: ClassifierConfig, scores: dict, provenance: dict
) -> str:
    """Returns the README of a classifier's preset.

    Args:
      name: str. The preset's name.
      model: Classifier. Counted.
      config: ClassifierConfig. What it was trained with.
      scores: dict. See `scores_on_test`.
      provenance: dict. ``run.json`` of the run, and its ``history``.
    """
    dataset = provenance["dataset"]
    rows = "\n".join(
        f"| {metric} | {score['mean']:.4f} | {score['standard_error']:.4f} |"
        for metric, score in scores["metrics"].items()
    )
    classes = "\n".join(
        f"| {label} | {accuracy:.3f} |" for label, accuracy in scores["class_accuracy"].items()
    )
    epochs = "\n".join(
        f"| {row['epoch']} | {row['training_loss']:.4f} | {row['training_accuracy']:.4f} | "
        f"{row['accuracy']:.4f} |"
        for row in provenance["history"]
    )
    return f"""# {name}

A residual classifier of the images of `{dataset["name"]}`, which stands in for Inception where
images are scored: `classifier_score`, `classifier_frechet_distance` and
`classifier_kernel_distance` are by it. These figures are not those of Inception and do not compare
with published ones.

{model.count_params():,} parameters, {config.widths[-1]} features; {config.epochs} epochs of batch \
{config.batch_size} ({provenance["seconds"] / 60:.0f} minutes).

## Scores

{scores["num_samples"]:,} test images, which chose nothing: the last epoch is what is kept.

| figure | mean | standard error |
|---|---|---|
{rows}

| class | accuracy |
|---|---|
{classes}

| epoch | training loss | training accuracy, on moved images | test accuracy |
|---|---|---|---|
{epochs}

## Use

```
tools/evaluate.py PRESET --metrics classifier_scores
```

```python
from qlatent_tf.metrics.images.classifier import load_classifier

classifier, description = load_classifier("{name}")
logits = classifier.predict(images)  # uint8, shape (n, {config.image_size}, {config.image_size}, \
{config.channels})
```

## Training

```
tools/train_classifier.py {_arguments(config)} --preset {name}
```

{record(dataset, config, versions())}"""


def _arguments(config):
    """What the command line has to say for this configuration."""
    default = ClassifierConfig().to_json()
    changes = {
        name: value
        for name, value in config.to_json().items()
        if name != "dataset" and value != default[name]
    }
    settings = [
        f"--set {name}={json.dumps(value, separators=(',', ':'))}"
        for name, value in changes.items()
    ]
    return " ".join([f"--dataset {config.dataset}", *settings])
