"""Networks: layers, how they are connected, and one pass through them."""

from glassnet.nn.frame import Frame as Frame
from glassnet.nn.initializers import Constant as Constant
from glassnet.nn.initializers import Initializer as Initializer
from glassnet.nn.initializers import Normal as Normal
from glassnet.nn.initializers import Uniform as Uniform
from glassnet.nn.initializers import glorot_normal as glorot_normal
from glassnet.nn.initializers import glorot_uniform as glorot_uniform
from glassnet.nn.initializers import he_normal as he_normal
from glassnet.nn.initializers import he_uniform as he_uniform
from glassnet.nn.initializers import lecun_normal as lecun_normal
from glassnet.nn.initializers import lecun_uniform as lecun_uniform
from glassnet.nn.initializers import ones as ones
from glassnet.nn.initializers import zeros as zeros
from glassnet.nn.layer import Declare as Declare
from glassnet.nn.layer import Input as Input
from glassnet.nn.layer import Layer as Layer
from glassnet.nn.layer import Merge as Merge
from glassnet.nn.layer import Node as Node
from glassnet.nn.layers import *  # noqa: F403 (its list is the one of all layers)
from glassnet.nn.losses import HalfSquaredError as HalfSquaredError
from glassnet.nn.losses import Huber as Huber
from glassnet.nn.losses import Loss as Loss
from glassnet.nn.losses import MeanAbsoluteError as MeanAbsoluteError
from glassnet.nn.losses import MeanSquaredError as MeanSquaredError
from glassnet.nn.losses import SigmoidCrossEntropy as SigmoidCrossEntropy
from glassnet.nn.losses import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from glassnet.nn.network import Network as Network
from glassnet.nn.network import Sequential as Sequential
from glassnet.nn.passes import Pass as Pass
