"""The formulas of each kind of layer and loss; a new one is a class and a line below."""

from __future__ import annotations

from glassnet.explanations.formulas.activations import ElementwiseFormula, SoftmaxFormula
from glassnet.explanations.formulas.base import Entry as Entry
from glassnet.explanations.formulas.base import LayerFormula as LayerFormula
from glassnet.explanations.formulas.dense import DenseFormula
from glassnet.explanations.formulas.dropout import DropoutFormula
from glassnet.explanations.formulas.norm import (
    BatchNormFormula,
    LayerNormFormula,
    StandardizeFormula,
)
from glassnet.explanations.formulas.shape import AddFormula, ConcatenateFormula, FlattenFormula
from glassnet.explanations.row_view import RowView
from glassnet.nn.graph import NamedNode
from glassnet.nn.layer import Layer
from glassnet.nn.layers import (
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    Softmax,
    Standardize,
)

LAYER_FORMULAS: dict[type[Layer], type[LayerFormula]] = {
    Add: AddFormula,
    BatchNorm: BatchNormFormula,
    Concatenate: ConcatenateFormula,
    Dense: DenseFormula,
    Dropout: DropoutFormula,
    Flatten: FlattenFormula,
    LayerNorm: LayerNormFormula,
    Softmax: SoftmaxFormula,
    Standardize: StandardizeFormula,
}


def layer_formula(view: RowView, node: NamedNode) -> LayerFormula:
    """Find the formulas of a node: by its layer's class, as an activation, or the general ones."""
    general = ElementwiseFormula if node.layer.elementwise else LayerFormula
    return LAYER_FORMULAS.get(type(node.layer), general)(view, node)
