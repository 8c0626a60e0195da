from . import datasets as datasets
from . import drawing as drawing
from . import gan as gan
from . import latents as latents
from . import layers as layers
from . import metrics as metrics
from . import models as models
from . import quantum as quantum
from . import runs as runs
from .config import Config as Config
from .gan.wgan_gp import WGANGP as WGANGP
from .runs.evaluation import evaluate as evaluate
from .runs.loading import from_preset as from_preset
from .runs.training import load_dataset as load_dataset
from .runs.training import train as train
from .scores import Score as Score
from .startup.quiet import silence_tensorflow as silence_tensorflow
from .zoo import build_model as build_model
from .zoo import list_presets as list_presets
from .zoo import read_preset as read_preset
from .zoo import save_preset as save_preset

__version__: str
