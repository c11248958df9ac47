"""Training: the loop, what is measured, and what else happens meanwhile."""

from glassnet.training.callbacks import Callback as Callback
from glassnet.training.callbacks import Checkpoint as Checkpoint
from glassnet.training.callbacks import Chunk as Chunk
from glassnet.training.callbacks import EarlyStopping as EarlyStopping
from glassnet.training.callbacks import JSONLog as JSONLog
from glassnet.training.callbacks import Progress as Progress
from glassnet.training.callbacks import Recorder as Recorder
from glassnet.training.callbacks import ReduceOnPlateau as ReduceOnPlateau
from glassnet.training.callbacks import TensorBoard as TensorBoard
from glassnet.training.fit import Fit as Fit
from glassnet.training.history import History as History
from glassnet.training.learning_rate import LearningRates as LearningRates
from glassnet.training.learning_rate import find_learning_rate as find_learning_rate
from glassnet.training.metrics import F1 as F1
from glassnet.training.metrics import MAE as MAE
from glassnet.training.metrics import R2 as R2
from glassnet.training.metrics import RMSE as RMSE
from glassnet.training.metrics import Accuracy as Accuracy
from glassnet.training.metrics import Metric as Metric
from glassnet.training.metrics import Precision as Precision
from glassnet.training.metrics import Recall as Recall
from glassnet.training.metrics import TopK as TopK
from glassnet.training.metrics import confusion_table as confusion_table
from glassnet.training.mistakes import Mistakes as Mistakes
from glassnet.training.mistakes import find_mistakes as find_mistakes
from glassnet.training.trainer import Trainer as Trainer
