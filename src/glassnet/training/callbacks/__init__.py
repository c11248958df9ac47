"""Callbacks: what else happens while a network trains, one idea per file."""

from glassnet.training.callbacks.base import Callback as Callback
from glassnet.training.callbacks.base import Chunk as Chunk
from glassnet.training.callbacks.checkpoint import Checkpoint as Checkpoint
from glassnet.training.callbacks.early_stopping import EarlyStopping as EarlyStopping
from glassnet.training.callbacks.json_log import JSONLog as JSONLog
from glassnet.training.callbacks.progress import Progress as Progress
from glassnet.training.callbacks.recorder import Recorder as Recorder
from glassnet.training.callbacks.reduce_on_plateau import ReduceOnPlateau as ReduceOnPlateau
from glassnet.training.callbacks.tensorboard import TensorBoard as TensorBoard
