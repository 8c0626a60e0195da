"""Keeps TensorFlow's start-up messages from the terminal."""

import functools
import importlib.abc
import importlib.util
import os
import sys
import tempfile


def silence_tensorflow(devices: bool = True) -> None:
    """Hides what TensorFlow writes while it starts; call it before TensorFlow is imported.

    Its warnings and errors stay. If TensorFlow cannot be loaded, all that it wrote is shown. With
    TF_CPP_MIN_LOG_LEVEL=0 in the environment, nothing is hidden.

    Args:
      devices: bool. Whether TensorFlow also starts the devices, whose messages are hidden too.
        False leaves that to its first computation, so that `tf.config` can still arrange them.

    Example:
      >>> import qlatent_tf
      >>> qlatent_tf.silence_tensorflow()
      >>> gan = qlatent_tf.from_preset("molgan_boson_qm9")
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") == "0" or "tensorflow" in sys.modules:
        return
    if not any(isinstance(finder, _QuietTensorFlow) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietTensorFlow(devices))


class _QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Waits for the import of TensorFlow.

    Its libraries write to the process's error stream before they read any log level: while they
    load, the stream goes to a file.
    """

    def __init__(self, devices: bool):
        self._devices = devices

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow":
            return None
        # Of all others, for some, such as those of MLflow, tell their library of an import.
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = functools.partial(_load_quietly, load, self._devices)
        return spec


def _load_quietly(load, devices, module):
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            load(module)
            # What trains with other machines is told of them before it looks at its own.
            if devices and "TF_CONFIG" not in os.environ:
                _start_devices(sys.modules["tensorflow"])
        except BaseException:
            hidden.seek(0)
            os.write(shown, hidden.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


def _start_devices(tensorflow):
    tensorflow.config.list_logical_devices()

    # What oneDNN cannot do here is said once, with the first graph that transposes whole numbers.
    def transpose(numbers):
        return tensorflow.transpose(numbers) + numbers

    with tensorflow.device("CPU"):
        tensorflow.function(transpose, autograph=False)(tensorflow.ones((2, 2), "int32"))
