"""A preset is made of a finished run: weights, scores, pictures and a card."""

from qlatent_tf.config import Config
from qlatent_tf.latents.files import check_file, file_to_keep, lies_in, named_files, with_file
from qlatent_tf.runs.run_directory import RunDirectory, check_data
from qlatent_tf.storage.preset_files import name_of_latent_file
from qlatent_tf.zoo import save_preset

_IN_THE_GRID = 36  # samples


def publish_run(
    run,
    directory,
    *,
    name: str,
    num_samples: int,
    seeds,
    metric_names=(),
    latent_file=None,
    with_latent_file=False,
    with_checkpoint=False,
    data_dir=None,
    published=None,
    trust_code=False,
) -> Config:
    """Scores a finished run and writes a preset of it.

    Args:
      run: path. The run's directory.
      directory: path. Where the preset goes, see `new_preset_directory`.
      name: str. What the card calls the preset, such as ``hf://user/name``.
      num_samples: int. Generated samples a seed.
      seeds: sequence of int. Sampling seeds.
      metric_names: sequence of str. Registered metrics; by default those that the run's
        configuration names, else all of the data set's.
      latent_file: path. Where the file that the latent reads lies here.
      with_latent_file: bool. Whether the preset holds that file.
      with_checkpoint: bool. Whether it holds the run's last checkpoint.
      data_dir: path. Where data files are looked for first.
      published: callable. `published(config)` returns what a paper reports of a configuration.
      trust_code: bool. Whether the run may name code outside the project.

    Returns:
      Config. What was trained: with the steps really made, and the latent's file where it lies.

    Raises:
      FileNotFoundError: if there is no run, it has no checkpoint, or its latent's file is missing.
      ValueError: if the data or the latent's file are not those of the training, or the preset
        cannot hold the file.
    """
    run = RunDirectory(run)
    config = run.read_config(trust_code=trust_code)
    if latent_file:
        config = with_file(config, latent_file)
    record = run.read_run()
    check_file(run.path, record.get("latent_file"), config)
    held = with_latent_file or lies_in(config, directory)
    kept = name_of_latent_file(file_to_keep(config)) if held else None

    # TensorFlow, which takes seconds, is imported when what was asked for can be done.
    from qlatent_tf.drawing.png import encode_picture
    from qlatent_tf.publishing.card import model_card
    from qlatent_tf.runs.starting_point import checkpoint_files
    from qlatent_tf.runs.training import load_dataset, restore_model

    there = named_files(config) if latent_file else None
    model, step = restore_model(run, latent_options=there, trust_code=trust_code)
    config = config.override(steps=step)  # those really made, if the run was cut short
    dataset = load_dataset(config, data_dir=data_dir)
    # Its scores stand beside the record of what it was trained on.
    check_data(run.path, record, dataset)
    evaluation = _scores(
        model,
        dataset,
        step,
        seeds,
        num_samples=num_samples,
        metric_names=tuple(metric_names) or config.metrics or None,
    )
    provenance = {**record, "step": step}
    pictures = model.pictures(dataset)
    card = model_card(
        name,
        model,
        with_file(config, kept) if kept else config,
        evaluation,
        provenance,
        tuple(pictures),
        published and published(config),
        held,
    )
    pictures = {**pictures, "samples": dataset.render(model.sample(_IN_THE_GRID, seed=0))}
    save_preset(
        directory,
        model,
        config,
        metrics=evaluation,
        provenance=provenance,
        card=card,
        checkpoint=checkpoint_files(run.checkpoints, step) if with_checkpoint else (),
        pictures={name: encode_picture(picture) for name, picture in pictures.items()},
        with_latent_file=with_latent_file,
    )
    return config


def _scores(model, dataset, step, seeds, **how):
    """Returns the scores of samples, and of held-out real ones where the data have some."""
    from qlatent_tf.runs.evaluation import evaluate, evaluate_real

    how["progress"] = True
    evaluation = {"step": step, **evaluate(model, dataset, seeds=seeds, **how)}
    if getattr(dataset, "test", None) is not None:
        real = evaluate_real(dataset, **how)
        evaluation.update({"real": real} if real["metrics"] else {})
    return evaluation
