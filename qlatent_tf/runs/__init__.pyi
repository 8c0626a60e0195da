from .evaluation import evaluate_real as evaluate_real
from .run_directory import RunDirectory as RunDirectory
from .signals import Interrupted as Interrupted
from .training import restore_model as restore_model
