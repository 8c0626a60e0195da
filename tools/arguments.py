"""The arguments that tools share, what they ask for, and how wrong ones are answered."""

import argparse
import contextlib
import dataclasses
import re

from qlatent_tf.config import Config, parse_setting
from qlatent_tf.text.names import did_you_mean

_MOST = 2**31 - 1
# Arguments whose values may be names, and which are no options.
_BY_POSITION = ("experiment", "run", "source", "sources")


class Parser(argparse.ArgumentParser):
    """The arguments of a tool, whose mistakes are answered by one line with the nearest name.

    Args:
      name: str. The tool's.
      description: str. Its help, whose lines are kept.
      **options: Of argparse.
    """

    def __init__(self, name: str | None = None, description: str | None = None, **options):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(
            options.pop("prog", f"qlatent-tf {name}"), description=description, **options
        )

    def parse_known_args(self, args=None, namespace=None):
        """Parses as argparse does, but refuses here, where the options are known, what is not."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            name = unknown[0].partition("=")[0]
            hint = did_you_mean(name, self._option_string_actions)
            if "--set" in self._option_string_actions:
                # Tools that train take --steps; of others the data alone can be set.
                hint = _setting_of(name, "--steps" in self._option_string_actions) or hint
            self.error(f"unrecognized arguments: {' '.join(unknown)}.{hint}")
        return namespace, unknown

    def error(self, message):
        """Says what is wrong without the whole usage, and ends with code 2."""
        wrong = re.search(r"invalid choice: '?(.*?)'? \(choose from (.*)\)", message)
        if wrong:
            message += "." + did_you_mean(wrong[1], re.findall(r"[\w.-]+", wrong[2]))
        message = message if message.endswith("?") else f"{message.rstrip('.')}."
        self.exit(2, f"error: {message} Help: {self.prog} --help\n")


def _setting_of(flag: str, of_all: bool) -> str:
    """Says how --set changes what somebody took for a flag, if there is such a setting."""
    from qlatent_tf.registry import datasets, latents, models

    name = flag.lstrip("-").replace("-", "_")
    kinds = {"latent": latents, "model": models} if of_all else {}
    for kind, registry in {**kinds, "dataset": datasets}.items():
        if any(name in registry.options(one) for one in registry.names()):
            return f" It is set by --set {kind}_options.{name}=VALUE."
    if of_all and name in {field.name for field in dataclasses.fields(Config)}:
        return f" It is set by --set {name}=VALUE."
    return ""


def add_data_arguments(arguments, default: str) -> None:
    """Adds --dataset, whose default is described in words, and --data-dir."""
    data = arguments.add_argument_group("data")
    data.add_argument("--dataset", help=f"a registered data set (default: {default})")
    data.add_argument(
        "--data-dir",
        help="where data files are looked for first; then in $QLATENT_DATA_DIR and in the cache",
    )


def add_settings_argument(arguments, about: str) -> None:
    """Adds --set, which may be repeated; `about` says what it sets."""
    arguments.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings", help=about
    )


def add_source_data_arguments(arguments) -> None:
    """Adds what puts other data in the place of a source's own, and --set for their options."""
    add_data_arguments(arguments, default="the one it was trained on")
    add_settings_argument(
        arguments, "an option of the data, such as dataset_options.file=mine.smi; may be repeated"
    )


def add_source_arguments(arguments, several: bool = False) -> None:
    """Adds the preset or run that a tool reads, or several, and whether their code is trusted."""
    arguments.add_argument(
        "sources" if several else "source",
        nargs="*" if several else None,
        metavar="source",
        help="a preset's name (hf://USER/NAME on the Hub) or directory, or a run's directory"
        + ("; several are shown side by side" if several else ""),
    )
    arguments.add_argument(
        "--latent-file",
        metavar="PATH",
        help="where the file of the latent, its samples or its circuit, lies here (default: where "
        "it lay in training, or in the preset)",
    )
    add_trust_argument(arguments)


def refuse_given(arguments, parser: Parser, names, reason: str) -> None:
    """Refuses options that a command line gives, and that would not be obeyed.

    Raises:
      ValueError: naming those that differ from their defaults, and the reason.
    """
    given = [name for name in names if getattr(arguments, name) != parser.get_default(name)]
    if given:
        raise ValueError(f"{reason} Leave out {', '.join(map(flag_of, given))}.")


def flag_of(name: str) -> str:
    """Returns how a command line gives the option that the parsed arguments call so."""
    return "--" + {"settings": "set"}.get(name, name.replace("_", "-"))


def option_with(arguments, value: str) -> str:
    """Returns the option of a command line that names a value, or '' for none.

    Example:
      >>> option_with(parser.parse_args(["--set", "metrics=fcdd"]), "fcdd")
      '--set metrics=fcdd'
    """
    for name, given in vars(arguments).items():
        listed = given if isinstance(given, (list, tuple)) else [given]
        if name == "settings":
            listed = [text for text in listed if value in re.split(r"[][=,\s\"]+", text)]
            if listed:
                return f"{flag_of(name)} {listed[0]}"
        elif value in listed and name not in _BY_POSITION:
            return flag_of(name)
    return ""


def settings_of(texts, named: dict) -> dict:
    """Returns what a command line sets, by options of their own and by --set.

    Args:
      texts: sequence of str. Of --set, ``key=value``.
      named: dict. The values of the options of their own.

    Raises:
      ValueError: if a text is no setting, or two values are given for one name.
    """
    settings = dict(named)
    for key, value in map(parse_setting, texts):
        if settings.setdefault(key, value) != value:
            raise ValueError(f"{key} is given twice, as {settings[key]!r} and {value!r}.")
    return settings


def count(text: str) -> int:
    """Parses how many of something: a whole number from 1 to what an index of 32 bits counts.

    Raises:
      argparse.ArgumentTypeError: if it is anything else.
    """
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:12]) <= _MOST:
        raise argparse.ArgumentTypeError(
            f"a whole number from 1 to {_MOST:,} is needed; received {text[:40]!r}"
        )
    return int(text)


def add_scoring_arguments(arguments, seeds: int, default: str) -> None:
    """Adds --num-samples, --seeds, by default so many, and --metrics, whose default is named."""
    arguments.add_argument(
        "--num-samples",
        type=count,
        default=10_000,
        help="generated samples for each seed (default: 10000)",
    )
    arguments.add_argument(
        "--seeds",
        type=count,
        default=seeds,
        help=f"number of sampling seeds: 0, 1, ... (default: {seeds})",
    )
    arguments.add_argument(
        "--metrics", nargs="+", default=[], help=f"registered metrics (default: {default})"
    )
    add_inception_argument(arguments)


def add_trust_argument(arguments, named: str = "the preset or run") -> None:
    """Adds --trust-code, for tools that read a preset or a run; `named` says which."""
    arguments.add_argument(
        "--trust-code",
        action="store_true",
        help=f"allow {named} to name code outside the project "
        "(my_file:my_latent), which is imported and run",
    )


def add_inception_argument(arguments) -> None:
    """Adds --inception-weights, which `use_inception` obeys."""
    arguments.add_argument(
        "--inception-weights",
        metavar="PATH",
        help="for scores by Inception: Keras' weights of InceptionV3 "
        "(.h5), or the folder of TF-GAN's module",
    )


def add_cluster_arguments(arguments) -> None:
    """Adds --workers, --scheduler and --cluster, of which `cluster_of` opens one."""
    group = arguments.add_argument_group("several workers, by Dask (extra [cluster])")
    one_of = group.add_mutually_exclusive_group()
    one_of.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="processes of this machine, which share its cores",
    )
    one_of.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask scheduler that runs, such as tcp://host:8786"
    )
    one_of.add_argument(
        "--cluster",
        metavar="FILE",
        help="YAML that describes a cluster to start, such as one of SLURM; see docs/scaling.md",
    )


def cluster_of(arguments):
    """Returns a context manager for what these arguments name: a Cluster, or None without them.

    Raises:
      ImportError: if Dask is not installed.
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged.
    """
    named = (arguments.workers, arguments.scheduler, arguments.cluster)
    if all(one is None for one in named):
        return contextlib.nullcontext()
    from qlatent_tf.cluster.opening import check_dask, open_cluster

    check_dask()
    from qlatent_tf.cluster.cluster_file import read_cluster_file

    file = None if arguments.cluster is None else read_cluster_file(arguments.cluster)
    return open_cluster(arguments.workers, arguments.scheduler, file)
