"""PlotModel: what a picture asks of a model, and the rows that it is drawn with."""

from __future__ import annotations

from typing import Any, Protocol

from glassnet.data.meaning import Features, Inputs, Outputs, Values
from glassnet.data.rows import Rows
from glassnet.types import Array


class PlotModel(Protocol):
    """Something that answers rows, and says what they and the answers mean: a `gn.Model`."""

    inputs: Inputs
    outputs: Outputs

    def predict(self, rows: Any) -> Array:
        """Return the answers: class indices (N,), or values (N, M) in their units."""
        ...

    def predict_proba(self, rows: Any) -> Array:
        """Return the probability of each class: (N, classes)."""
        ...


def parts_of(train: Rows, test: Rows | None) -> dict[str, Rows]:
    """Name the rows by what they were for."""
    return {"training": train} if test is None else {"training": train, "test": test}


def labels_of(columns: Features | Values) -> list[str]:
    """Write each name with its unit, where it has one."""
    units = columns.units or ("",) * columns.size
    named = zip(columns.names, units, strict=True)
    return [f"{name} ({unit})" if unit else name for name, unit in named]
