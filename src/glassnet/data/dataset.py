"""A data set: three parts, what their numbers mean, and where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from glassnet.data.meaning import Classes, Features, Inputs, Outputs
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, check_classes, in_order
from glassnet.data.split import split
from glassnet.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows to learn from, to tune on and to be judged by, with their meaning and origin.

    train, validation, test: the parts.
    inputs, outputs: what the numbers of x and t mean.
    description: one line.   source: citation or address.
    warning: what people must know before they use it, or None.

    Raises DataError where x or t do not have the numbers that inputs and outputs speak of, or where
    all training rows are of one class.
    """

    name: str
    train: Rows
    validation: Rows
    test: Rows
    inputs: Inputs
    outputs: Outputs
    description: str = ""
    source: str = ""
    warning: str | None = None

    def __post_init__(self) -> None:
        for part in (self.train, self.validation, self.test):
            if part.x.shape[1:] != (self.inputs.size,):
                raise DataError(
                    f"{self.name}: the inputs ask for x of shape ({len(part)}, "
                    f"{self.inputs.size}), got {part.x.shape}."
                )
            if isinstance(self.outputs, Classes):
                check_classes(part.t, len(self.outputs.labels))
            elif part.t.shape[1:] != (self.outputs.size,):
                raise DataError(
                    f"{self.name}: the outputs ask for t of shape ({len(part)}, "
                    f"{self.outputs.size}), got {part.t.shape}."
                )
        if isinstance(self.outputs, Classes) and len(present := np.unique(self.train.t)) == 1:
            raise DataError(
                f"{self.name}: every training row is of the class "
                f"{self.outputs.labels[present[0]]!r}. There is nothing to tell apart; add rows of "
                "another class."
            )

    @classmethod
    def split(
        cls,
        name: str,
        x: ArrayLike | Pixels,
        t: ArrayLike,
        *,
        inputs: Inputs,
        outputs: Outputs,
        validation: float = 0.15,
        test: float = 0.15,
        seed: int = 0,
        stratify: bool = True,
        description: str = "",
        source: str = "",
        warning: str | None = None,
    ) -> Dataset:
        """A data set from one table: its rows, mixed by `seed`, go into three parts.

        x: (N, D); the columns of a pandas table are matched to the features by name
        t: (N,) classes, or (N,) or (N, M) values; a single value becomes (N, 1)
        validation, test: their shares of all rows.
        stratify: each class keeps its share of every part; values are mixed without it.

        Raises DataError for rows that cannot be learnt from (see Rows), labels outside the classes,
        a single class, or too few rows; SettingError for shares that are no shares.
        """
        x = in_order(x, inputs.names) if isinstance(inputs, Features) else x
        rows = Rows(x, t)  # type: ignore[arg-type]  # Rows makes arrays of what it is given
        if isinstance(outputs, Classes):
            check_classes(rows.t, len(outputs.labels))
        elif rows.t.ndim == 1:
            rows = Rows(rows.x, rows.t.reshape(-1, 1))
        by_class = stratify and isinstance(outputs, Classes)
        train, validate, judge = split(
            len(rows),
            validation=validation,
            test=test,
            seed=seed,
            classes=rows.t if by_class else None,
        )
        return cls(
            name,
            train=rows.take(train),
            validation=rows.take(validate),
            test=rows.take(judge),
            inputs=inputs,
            outputs=outputs,
            description=description,
            source=source,
            warning=warning,
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over type, shape and bytes of every part: the same data, the same fingerprint."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            scale = part.x.maximum if isinstance(part.x, Pixels) else None
            for array in (part.x.bytes if isinstance(part.x, Pixels) else part.x, part.t):
                digest.update(f"{array.dtype.str}{array.shape}{scale};".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
