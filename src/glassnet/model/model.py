"""Model: a network with what its numbers mean, and everything that it can be asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.meaning import Classes, Features, Images
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, in_order, named_in_order, numbers
from glassnet.errors import DataError
from glassnet.model.base import BaseModel, chosen_classes, in_units, probabilities
from glassnet.model.task import history_of
from glassnet.settings import named
from glassnet.types import Array

if TYPE_CHECKING:
    from glassnet.doctor import Diagnosis
    from glassnet.explanations import Explanation, Why
    from glassnet.export import Page
    from glassnet.gradients import GradientReport

MANY_PARAMETERS, SAMPLE = 50_000, 500
"""Of networks with more parameters than these, so many numbers of each array are nudged."""


class Model(BaseModel):
    """A network of one input and one output, with what its numbers mean.

    inputs      Images, or Features of a table
    outputs     Classes, or Values
    provenance  on what and how it was trained, as JSON
    experience  what the rows were like that it learnt from; without, it cannot say "not sure"

    `digest` is "sha256:" and the SHA-256 of the file from which `gn.load` read the model, else "".

    Rows are given as the data sets give them: features in their units, in the order of their names
    or as a pandas table with these names; images as Pixels, as whole numbers 0..maximum, or as
    floats 0..1. What is too large for the network's precision is refused. Answers come as the data
    sets have targets: class indices (``outputs.labels`` names them), or values in their units.
    Targets are given so too; what the loss makes of them, and which loss it is, `task` knows.
    """

    # -- looking inside ----------------------------------------------------------------------

    def explain(self, row: Any, target: Any = None) -> Why:
        """Say what speaks for the answer to one row, and what for the truth or the runner-up.

        row     one row as `predict` takes rows, or by name, {"petal width": 0.2, …}; a table of
                one; or gn.Rows of one, with its target
        target  its class index, or its values; a wrong answer is compared with it

            print(model.explain([5.1, 3.5, 1.4, 0.2]))
            model.explain(data.test.take([3])).picture().save("why.png")

        Raises DataError for several rows.
        """
        given, t = self._one(row, target)
        given, x = self._read(given)
        y = self._ask(x)
        if isinstance(self.outputs, Classes):
            told, chosen = probabilities(y.astype(np.float64), self.outputs), chosen_classes(y)[0]
        else:
            told, chosen = in_units(y, self.outputs), 0
        return self._why(np.asarray(given), told[0], int(chosen), None if t is None else t[0])

    def explain_steps(
        self, row: Any, target: Any = None, *, unit: str | None = None
    ) -> Explanation:
        """Show a row's way through the network and back: each formula, with its numbers in it.

        row, target as `explain` takes them; the target has to be known
        unit        "dense_2:7" for one unit, "dense_2" for a layer; unless given, the whole network

            print(model.explain_steps(data.test.take([3]), unit="dense_2:0"))

        It is one step of training on that row alone, without dropout, by the loss that the model
        was taught by and its optimiser from a fresh state.
        """
        from glassnet.explanations import explain

        x, t = self._taught(*self._one(row, target))
        loss, rule = self.task.loss, self.task.optimizer
        return explain(self.network, np.asarray(x), t, loss, unit=unit, optimizer=rule)

    def diagnose(
        self, rows: Any, targets: Any = None, *, validation: Rows | tuple[Any, Any] | None = None
    ) -> Diagnosis:
        """Say what is wrong with the network, its data or its training: see `gn.diagnose`.

        rows, targets   what it was or will be trained on; as `evaluate` takes them
        validation      rows that are not trained on: ``data.validation``, or a pair (x, t)

            print(model.diagnose(data.train, validation=data.validation))

        The history and the optimiser are those that the model tells of. Rows that are not finite
        are a finding, not an error.
        """
        from glassnet.doctor import diagnose

        inputs, task = self.inputs, self.task
        x, t = self._with_targets(rows, targets)
        names = inputs.names if isinstance(inputs, Features) else ()
        (source,) = self.network.inputs
        held_out = None
        if validation is not None:
            pair = validation if isinstance(validation, tuple) else (validation,)
            held_out = self._taught(*pair)
        return diagnose(
            self.network,
            {source: in_order(x, names) if names else self._read(x)[0]},
            task.targets(t),
            task.loss,
            validation=held_out,
            history=history_of(self.provenance),
            optimizer=task.optimizer,
            columns=names,
        )

    def check_gradients(
        self, rows: Any, targets: Any = None, *, tolerance: float = 1e-6
    ) -> GradientReport:
        """Nudge the parameters, and compare what that does with what backward gives.

        rows, targets   a batch, of 32 rows for instance; as `evaluate` takes them
        tolerance       on the relative error of a gradient

            report = model.check_gradients(data.train.take(slice(32)))
            assert report.passed, report

        The pass is one of training, by the loss that the model was taught by. Every gradient is
        checked; of networks with more than 50,000 parameters 500 of each array. The model is left
        as it is.
        """
        from glassnet.gradients import check_gradients

        x, t = self._taught(rows, targets)
        most = SAMPLE if self.network.size() > MANY_PARAMETERS else None
        return check_gradients(
            self.network,
            np.asarray(x),
            t,
            self.task.loss,
            tolerance=tolerance,
            training=True,
            most=most,
        )

    # -- going on ----------------------------------------------------------------------------

    def learn_on(self, kept: Rows, *, data: Dataset | None = None, **settings: Any) -> Self:
        """Return a model of the same architecture that has learnt from kept pictures as well.

        kept        pictures with their right answers, of the model's size
        data        what the model learnt from before, so that nothing of it is forgotten
        settings    epochs, learning_rate, … as `glassnet.model.learn_on.learn_on` takes them

            after = model.learn_on(kept, data=gn.datasets.load("digits"), epochs=5)

        This model stays as it is.
        """
        from glassnet.model.learn_on import learn_on

        return learn_on(self, kept, data=data, **settings)

    def export(
        self,
        path: str | os.PathLike[str],
        to: Literal["html"] = "html",
        *,
        name: str | None = None,
        rows: Any = None,
    ) -> Page:
        """Make of the model something that runs without Glassnet, and return what was made.

        to      "html": one page that answers offline, in any browser
        name    what the page calls the model; the file's name unless given
        rows    which it is asked before it is kept; unless given, the test part of the data that
                the model learnt from

            page = model.export("iris.html")
            print(page.check.apart)

        Raises SettingError for layers of one's own, FileError if it answers otherwise than the
        model or cannot be written.
        """
        from glassnet.export import export_html

        return named("to", to, {"html": export_html})(self, path, name=name, rows=rows)

    # -- inside ------------------------------------------------------------------------------

    def _one(self, row: Any, target: Any) -> tuple[Any, Array | None]:
        """Return one row as rows, and its target as targets, or None where none is known."""
        inputs = self.inputs
        if isinstance(inputs, Features):
            row = named_in_order(row, inputs.names)
        rows: Any = row
        if not isinstance(row, Rows | Pixels):
            shape = numbers("row", row).shape
            picture = isinstance(inputs, Images) and shape == (inputs.height, inputs.width)
            if len(shape) == 1 or (picture and shape != (1, inputs.size)):
                rows = [row]
        if len(rows) != 1:
            raise DataError(f"An explanation is of one row, got {len(rows)}.")
        if target is None and not isinstance(row, Rows):
            return rows, None
        return self._with_targets(rows, None if target is None else [target])

    def _taught(self, rows: Any, targets: Any = None) -> tuple[Array | Pixels, Array]:
        """Return rows, and their targets as the loss takes them."""
        x, t = self._with_targets(rows, targets)
        return self._read(x)[0], self.task.targets(t)
