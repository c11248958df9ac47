"""The formulas of each kind of layer and loss: its story. A new one is a class and a line below."""

from __future__ import annotations

from glassnet.explanations.formulas.activations import (
    ACTIVATION_FORMULAS,
    ElementwiseFormula,
    SoftmaxFormula,
)
from glassnet.explanations.formulas.base import Entry as Entry
from glassnet.explanations.formulas.base import LayerFormula as LayerFormula
from glassnet.explanations.formulas.dense import DenseFormula
from glassnet.explanations.formulas.dropout import DropoutFormula
from glassnet.explanations.formulas.measured import MeasuredElementwiseFormula, MeasuredFormula
from glassnet.explanations.formulas.norm import (
    BatchNormFormula,
    LayerNormFormula,
    StandardizeFormula,
)
from glassnet.explanations.formulas.shape import AddFormula, ConcatenateFormula, FlattenFormula
from glassnet.explanations.row_view import RowView
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
from glassnet.nn.wiring import NamedNode

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
    **dict.fromkeys(ACTIVATION_FORMULAS, ElementwiseFormula),
}


def layer_formula(view: RowView, node: NamedNode) -> LayerFormula:
    """Find the formulas of a node: by its layer's class, or else those that measure its slopes."""
    measured = MeasuredElementwiseFormula if node.layer.elementwise else MeasuredFormula
    return LAYER_FORMULAS.get(type(node.layer), measured)(view, node)
