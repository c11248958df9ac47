"""The layers: one idea per file. The list below is what a model file may ask for."""

from glassnet.nn.layers.activations import ELU as ELU
from glassnet.nn.layers.activations import GELU as GELU
from glassnet.nn.layers.activations import Identity as Identity
from glassnet.nn.layers.activations import LeakyReLU as LeakyReLU
from glassnet.nn.layers.activations import ReLU as ReLU
from glassnet.nn.layers.activations import Sigmoid as Sigmoid
from glassnet.nn.layers.activations import SiLU as SiLU
from glassnet.nn.layers.activations import Softmax as Softmax
from glassnet.nn.layers.activations import Softplus as Softplus
from glassnet.nn.layers.activations import Tanh as Tanh
from glassnet.nn.layers.dense import Dense as Dense
from glassnet.nn.layers.dropout import Dropout as Dropout
from glassnet.nn.layers.maxout import Maxout as Maxout
from glassnet.nn.layers.merge import Add as Add
from glassnet.nn.layers.merge import Concatenate as Concatenate
from glassnet.nn.layers.norm import BatchNorm as BatchNorm
from glassnet.nn.layers.norm import LayerNorm as LayerNorm
from glassnet.nn.layers.norm import Standardize as Standardize
from glassnet.nn.layers.shape import Flatten as Flatten

__all__ = [
    "ELU", "GELU", "Add", "BatchNorm", "Concatenate", "Dense", "Dropout", "Flatten", "Identity",
    "LayerNorm", "LeakyReLU", "Maxout", "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus",
    "Standardize", "Tanh",
]  # fmt: skip
