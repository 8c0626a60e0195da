from .evaluation import evaluate_real as evaluate_real
from .interrupted import Interrupted as Interrupted
from .run_directory import RunDirectory as RunDirectory
from .training import restore_model as restore_model
