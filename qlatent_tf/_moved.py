"""Names that moved: importing one of the old paths works until version 0.3, with a warning."""

import importlib
import importlib.abc
import importlib.util
import types
import warnings

# Those that the documentation of version 0.1 named.
MOVED = {
    "qlatent_tf.classifier": "qlatent_tf.metrics.images.classifier",
    "qlatent_tf.distribution": "qlatent_tf.gan.replicas",
    "qlatent_tf.invertible": "qlatent_tf.models.invertible",
    "qlatent_tf.layers.style_circuit": "qlatent_tf.layers.circuit.style_circuit",
    "qlatent_tf.metrics.classifier_scores": "qlatent_tf.metrics.images.classifier_scores",
    "qlatent_tf.metrics.image_scores": "qlatent_tf.metrics.images.scores",
    "qlatent_tf.training": "qlatent_tf.runs.training",
}


class _Moved(types.ModuleType):
    """A module under its old name, which a public function of its package may have by now.

    Importing it puts it in that function's place, so that it is called as the function is.
    """

    def __call__(self, *args, **options):
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **options)


class MovedModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a moved module under its old name, where it hands the new one's attributes on."""

    def find_spec(self, fullname, path=None, target=None):
        return importlib.util.spec_from_loader(fullname, self) if fullname in MOVED else None

    def create_module(self, spec):
        return _Moved(spec.name, f"The old name of `{MOVED[spec.name]}`.")

    def exec_module(self, module):
        new = MOVED[module.__name__]
        warnings.warn(
            f"{module.__name__} is now {new}; the old name goes in version 0.3.",
            DeprecationWarning,
            stacklevel=2,
        )
        moved = importlib.import_module(new)
        module.__getattr__ = lambda name: getattr(moved, name)
