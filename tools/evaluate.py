#!/usr/bin/env python3
"""Scores a preset, or a run's last checkpoint, on all metrics of its data set.

Several are shown side by side. While training, a run is scored on the fast ones among
the metrics. With --real, held-out real samples are scored as if they had been
generated, which shows what scores mean.

examples:
  qlatent-tf evaluate molgan_boson_qm9 --num-samples 10000 --seeds 3
  qlatent-tf evaluate mlp_boson_quantum mlp_photonic_quantum runs/mlp_mine_quantum
  qlatent-tf evaluate runs/mlp_boson_quantum --metrics discreteness --json
  qlatent-tf evaluate --real --dataset cifar10 --metrics classifier_scores
  qlatent-tf evaluate my_preset --metrics my_file:my_metric --seeds 3 --save
"""

import os
import sys

from qlatent_tf.tools.arguments import (
    Parser,
    add_scoring_arguments,
    add_source_arguments,
    add_source_data_arguments,
    refuse_given,
)
from qlatent_tf.tools.asked_data import check_dataset, data_as_asked, source_data
from qlatent_tf.tools.command_line import run_tool
from qlatent_tf.tools.shown_scores import show
from qlatent_tf.tools.sources import (
    check_memory,
    load_model,
    use_inception,
)

from qlatent_tf.latents.files import check_file, with_file
from qlatent_tf.runs.loading import described, is_preset, source_config
from qlatent_tf.zoo import check_metric


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("evaluate", __doc__)
    add_source_arguments(arguments, several=True)
    add_source_data_arguments(arguments)
    add_scoring_arguments(arguments, seeds=1, default="all of the data set's")
    saving = arguments.add_mutually_exclusive_group()
    saving.add_argument(
        "--save",
        action="store_const",
        const="--save",
        dest="saving",
        help="add the scores to the preset and its card; samples and seeds "
        "must be as many as those of the scores that are there",
    )
    saving.add_argument(
        "--replace",
        action="store_const",
        const="--replace",
        dest="saving",
        help="write the scores into the preset and its card instead of those that are there",
    )
    arguments.add_argument(
        "--real",
        action="store_true",
        help="score held-out real samples of the source's data set, or, without a source, "
        "of --dataset",
    )
    arguments.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_evaluate, parser().parse_args(argv))


def _evaluate(arguments):
    sources = arguments.sources
    for name in arguments.metrics:
        check_metric(name)
    if arguments.dataset:
        check_dataset(arguments.dataset)
    if arguments.saving and (arguments.real or not all(map(is_preset, sources))):
        raise ValueError(f"{arguments.saving} writes into presets: name them, without --real.")
    if arguments.real and (arguments.seeds > 1 or len(sources) > 1):
        raise ValueError(
            "--seeds and several sources are for generated samples; --real draws samples of one "
            f"data set once. Received --seeds {arguments.seeds} and {len(sources)} sources."
        )
    if arguments.real:
        refuse_given(arguments, parser(), ("latent_file",), "--real draws from no latent.")
    if not sources and not (arguments.real and arguments.dataset):
        raise ValueError("Name what to score: presets or runs, or --real with --dataset.")
    use_inception(arguments)
    if arguments.real:
        return _evaluate_real(arguments)
    if len(sources) > 1:
        _check_comparable(arguments)
    datasets = _checked_data(arguments) if arguments.saving else {}
    found = []
    try:
        for source in sources:
            _evaluate_source(arguments, source, datasets.get(source), found)
    finally:  # What is there is shown, whatever stops the next.
        if found:
            show(found, arguments.json, several=len(sources) > 1)
    return 0


def _checked_data(arguments):
    """Returns each preset's data; refuses scores of other conditions before anything is scored."""
    from qlatent_tf.publishing.rescore import check_conditions

    trust, seeds = {"trust_code": arguments.trust_code}, range(arguments.seeds)
    replace = arguments.saving == "--replace"
    datasets = {}
    for source in arguments.sources:
        datasets[source] = source_data(arguments, source_config(source, **trust))
        check_conditions(
            source, datasets[source], arguments.num_samples, seeds, replace=replace, **trust
        )
    return datasets


def _check_comparable(arguments):
    """Refuses sources of several data sets, each of which has scores of its own."""
    sources = arguments.sources
    if len({os.path.realpath(source) for source in sources}) < len(sources):
        raise ValueError(f"A source is named twice: {' '.join(sources)}.")
    configs = [source_config(source, arguments.trust_code) for source in sources]
    if arguments.dataset:
        return
    first, *others = (config.dataset for config in configs)
    if any(other != first for other in others):
        each = ", ".join(
            f"{source}: {one.dataset}" for source, one in zip(sources, configs, strict=True)
        )
        raise ValueError(f"Models are compared on one data set: add --dataset. Received {each}.")
    if any(config.dataset_options != configs[0].dataset_options for config in configs):
        print(
            f"note: these models' data are {first} with other options (dataset_options); each is "
            "scored on its own.",
            file=sys.stderr,
        )


def _evaluate_source(arguments, source, dataset, found):
    """Adds the scores of a source, with its name and its step, and saves them if asked."""
    model, config, step = load_model(source, arguments.trust_code, arguments.latent_file)

    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import save_scores
    from qlatent_tf.runs.evaluation import evaluate

    seeds = range(arguments.seeds)
    dataset = source_data(arguments, config) if dataset is None else dataset
    _, record = described(source, arguments.trust_code)
    if not arguments.dataset:
        _tell_of_other_data(source, record, dataset)
    check_memory(model, arguments.num_samples)
    scoring = _scoring(arguments)
    if arguments.saving and arguments.latent_file:
        # What is saved is of the preset as it was published.
        named = with_file(config, arguments.latent_file)
        check_file(source, record.get("latent_file"), named)
    if not arguments.metrics and arguments.dataset and not dataset.evaluation_metrics:
        scoring["metric_names"] = config.metrics or None
    if not arguments.metrics and not arguments.dataset:
        # Those that watched its training, too, which may be someone's own.
        names = dict.fromkeys((*dataset.evaluation_metrics, *config.metrics))
        scoring["metric_names"] = tuple(names) or None
    evaluation = evaluate(model, dataset, seeds=seeds, **scoring)
    _check_scored(evaluation, dataset)
    found.append({"source": str(source), "step": step, **evaluation})
    if arguments.saving:
        save_scores(
            source,
            model,
            evaluation,
            replace=arguments.saving == "--replace",
            published=published_figures(config),
            trust_code=arguments.trust_code,
        )


def _tell_of_other_data(source, record, dataset):
    """Says where the data are no longer those of the training."""
    from qlatent_tf.runs.run_directory import data_differences
    from qlatent_tf.text.differences import format_differences

    found = data_differences(record["dataset"], dataset) if record.get("dataset") else {}
    if found:
        print(
            f"note: {source} was trained on other data than it is scored on (its -> yours): "
            f"{format_differences(found)}.",
            file=sys.stderr,
        )


def _evaluate_real(arguments):
    from qlatent_tf.runs.evaluation import evaluate_real

    if arguments.sources:
        config = source_config(arguments.sources[0], arguments.trust_code)
        dataset = source_data(arguments, config)
    else:
        dataset = data_as_asked(arguments, arguments.dataset)
    evaluation = evaluate_real(dataset, **_scoring(arguments))
    _check_scored(evaluation, dataset)
    show([{"source": f"{dataset.name}, held out", **evaluation}], arguments.json, several=False)
    return 0


def _check_scored(evaluation, dataset):
    """Refuses data that no metric scores by itself, such as images without Inception's weights."""
    from qlatent_tf.runs.ending import fitting_arguments

    if not evaluation["metrics"]:
        raise ValueError(
            f"Nothing is scored: {dataset.name!r} has no metrics of its own. Name some, such as: "
            f"{' '.join(fitting_arguments(dataset.provenance))}"
        )


def _scoring(arguments):
    return {
        "num_samples": arguments.num_samples,
        "metric_names": arguments.metrics or None,
        "progress": True,
    }


if __name__ == "__main__":
    sys.exit(main())
