"""Rules on arrays, no loop: optimisers, schedules, penalties and clippings."""

from glassnet.optim.adagrad import Adagrad as Adagrad
from glassnet.optim.adam import Adam as Adam
from glassnet.optim.adam import AdamW as AdamW
from glassnet.optim.base import Optimizer as Optimizer
from glassnet.optim.clipping import ClipNorm as ClipNorm
from glassnet.optim.clipping import Clipping as Clipping
from glassnet.optim.clipping import ClipValue as ClipValue
from glassnet.optim.lion import Lion as Lion
from glassnet.optim.penalties import L1 as L1
from glassnet.optim.penalties import L2 as L2
from glassnet.optim.penalties import MaxNorm as MaxNorm
from glassnet.optim.penalties import Penalty as Penalty
from glassnet.optim.registry import optimizer as optimizer
from glassnet.optim.registry import optimizer_from_config as optimizer_from_config
from glassnet.optim.registry import rule_from_config as rule_from_config
from glassnet.optim.rmsprop import RMSprop as RMSprop
from glassnet.optim.rule import Rule as Rule
from glassnet.optim.rule import namespace as namespace
from glassnet.optim.schedules import CosineDecay as CosineDecay
from glassnet.optim.schedules import ExponentialDecay as ExponentialDecay
from glassnet.optim.schedules import OneCycle as OneCycle
from glassnet.optim.schedules import Rate as Rate
from glassnet.optim.schedules import Schedule as Schedule
from glassnet.optim.schedules import StepDecay as StepDecay
from glassnet.optim.schedules import WarmUp as WarmUp
from glassnet.optim.sgd import SGD as SGD
