"""Files that latents draw from: recorded samples, and banks that are made when needed.

What reads and makes them is imported there: cells are described without Numba.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from qlatent_tf.cluster.client import Cluster
from qlatent_tf.config import Config
from qlatent_tf.latents.files import named_files
from qlatent_tf.storage.files import user_path
from qlatent_tf.storage.locks import once_free


@dataclasses.dataclass(frozen=True)
class Bank:
    """Samples of one circuit, which several runs draw from.

    Attributes:
      name: str. Names its directory.
      latent: str. `"boson"` or `"photonic"`.
      options: dict. Options of the latent, which name the circuit.
      num_samples: int. Rows.
    """

    name: str
    latent: str
    options: Mapping
    num_samples: int

    def make(self, path: Path, progress: bool = True, cluster: Cluster | None = None) -> None:
        """Makes the bank, or what is missing of it; waits while another process makes it.

        Args:
          path: Path. Its directory.
          progress: bool. Whether to show a progress bar.
          cluster: Cluster. Whose workers draw; None for this process.

        Raises:
          ValueError: if the directory holds something else.
        """
        from qlatent_tf.latents.latent_bank import write_latent_bank

        options = {"num_samples": self.num_samples, "progress": progress, "cluster": cluster}

        def make():
            if not self.is_finished(path):
                write_latent_bank(path, self.latent, self.options, **options)

        once_free(make)

    def is_finished(self, path: Path) -> bool:
        """Returns whether the bank is there, whole and by its hashes undamaged."""
        from qlatent_tf.quantum.recordings import bank, bank_metadata

        if not bank_metadata.is_bank(path):
            return False
        try:
            metadata = bank.open_bank(path).metadata
        except (FileNotFoundError, ValueError):
            return False
        made_of = metadata["sampler"].get("options", {})
        return (
            metadata["num_samples"] == self.num_samples
            and metadata["sampler"].get("latent") == self.latent
            and all(made_of.get(name) == value for name, value in self.options.items())
        )


def recorded_samples(text: str) -> tuple[str, int, dict]:
    """Finds the recorded samples that a command line names.

    Args:
      text: str. ``FILE``, or ``FILE:KEY`` for an array of a ``.npz`` file.

    Returns:
      What a row of them is called, the number of recorded modes, and the options of the latent
      `samples`.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it holds no samples.
    """
    from qlatent_tf.quantum.recordings.open_samples import open_samples

    keyed = ":" in text and not user_path(text).exists()
    file, _, key = text.rpartition(":") if keyed else (text, "", "")
    path = user_path(file).resolve()
    options = {"file": str(path), **({"key": key} if key else {})}
    modes = open_samples(path, key=key or None).shape[1]
    return f"{path.name}:{key}" if key else path.name, modes, options


def refuse_samples(latents) -> None:
    """Refuses the latent `samples` where a study has an option that names its files.

    Raises:
      ValueError: naming the option.
    """
    if "samples" in latents:
        raise ValueError("Files of samples are rows of their own: name them by --samples.")


def moved(config: Config, there: Config) -> Config:
    """Returns the configuration with its latent's files where those of another one lie."""
    named = named_files(there)
    return config.override(**{f"latent_options.{name}": file for name, file in named.items()})


def without_place(config: Config) -> Config:
    """Returns the configuration with its latent's file named without the folder it lies in.

    Two machines keep a file in two places, and a working directory may be moved; which file it
    was is recorded by `file_record`.
    """
    named = named_files(config)
    if not named:
        return config
    return config.override(
        **{f"latent_options.{option}": Path(file).name for option, file in named.items()}
    )
