"""The model card of a preset, written from what was measured."""

import json
import math

from qlatent_tf.config import Config
from qlatent_tf.scores import read_scores


def model_card(
    name: str,
    model,
    config: Config,
    evaluation: dict,
    provenance: dict,
    pictures=(),
    published=None,
) -> str:
    """Returns a preset's README.

    Args:
      name: str. The preset's name.
      model: WGANGP. Counted.
      config: Config. What it was trained with.
      evaluation: dict. What `evaluate` returned, with the ``step`` it was made at and, where they
        are known, the scores of ``real`` samples: what `evaluate_real` returned.
      provenance: dict. ``run.json`` of the run.
      pictures: sequence of str. Names of pictures beside that of samples.
      published: dict. What a paper reports, see `experiments.published`.

    Returns:
      str, Markdown.
    """
    dataset = provenance["dataset"]
    seeds = len(evaluation["seeds"])
    rows = "\n".join(
        f"| {metric} | {_number(score['mean'])} | {_number(score['standard_error'])} |"
        for metric, score in evaluation["metrics"].items()
    )
    shown = "".join(
        f"\n![{picture.replace('_', ' ').capitalize()}]({picture}.png)\n" for picture in pictures
    )
    parts = "; ".join(
        f"{part.name}: {sum(math.prod(weight.shape) for weight in part.trainable_weights):,}"
        for part in model.layers
    )
    return f"""# {name}

`{config.model}` with the latent `{config.latent}`, trained on `{dataset["name"]}` for \
{evaluation["step"]:,} generator steps of batch {config.batch_size}{_generator_batch(config)} \
({provenance["seconds"] / 60:.0f} minutes).

![Generated samples](samples.png)
{shown}
## Scores

{evaluation["num_samples"]:,} generated samples, mean and standard error over {seeds} sampling \
seed{"s" if seeds > 1 else ""} of this one trained model.

| metric | mean | standard error |
|---|---|---|
{rows}
{_real_scores(evaluation.get("real"))}{_published_scores(published, evaluation)}
One training run decides nothing between latents: the error above is that of sampling, not that of
training again from another seed.

## Use

```python
import qlatent_tf

model = qlatent_tf.from_preset("{name}")
samples = model.sample(1000, seed=0)
```

## Training

```
tools/train.py --config {name}
```

trains it again. Trainable parameters: {parts}.

{record(dataset, config.to_json(), provenance["versions"])}"""


def record(dataset: dict, config: dict, versions: dict) -> str:
    """Returns the end of a card: data, configuration and versions in full.

    Args:
      dataset: dict of JSON values. Name and provenance of the data.
      config: dict of JSON values. What it was trained with.
      versions: dict. Package -> version.

    Returns:
      str, Markdown.
    """
    return f"""Data:

```json
{json.dumps(dataset, indent=2)}
```

Configuration:

```json
{json.dumps(config, indent=2)}
```

Versions: {", ".join(map(" ".join, versions.items()))}.
"""


def _generator_batch(config):
    size = config.generator_batch_size
    return f", the generator's {size}," if size not in (None, config.batch_size) else ""


def _real_scores(evaluation):
    if not evaluation:
        return ""
    rows = "\n".join(
        f"| {metric} | {_number(score['mean'])} |"
        for metric, score in evaluation["metrics"].items()
    )
    return f"""
Real samples score, {evaluation["num_samples"]:,} of them, held out of the training:

| metric | real |
|---|---|
{rows}
"""


def _published_scores(published, evaluation):
    if not published:
        return ""
    scores = {
        score.metric: score
        for score in read_scores(evaluation["metrics"], evaluation["dataset"])
        if score.is_as_published
    }
    rows = []
    for metric, (mean, error) in published["figures"].items():
        score = scores.get(metric)
        ours = "not scored" if score is None else _number(score.mean)
        rows.append(f"| {score.name if score else metric} | {ours} | {mean:g} ± {error:g} |")
    rows = "\n".join(rows)
    return f"""
{published["source"]}, with their standard errors:

| figure | this run, {evaluation["num_samples"]:,} samples | published |
|---|---|---|
{rows}
"""


def _number(value):
    return "" if value is None or math.isnan(value) else f"{value:.4g}"
