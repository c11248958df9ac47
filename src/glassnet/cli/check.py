"""`glassnet check`: whether a model's network can be trained at all."""

import json
from typing import Annotated

import typer

import glassnet as gn
from glassnet.cli.arguments import Judged, ModelFile, Target
from glassnet.cli.printing import show_text

FAILED = 1


def check(
    model: ModelFile,
    data: Judged = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows make the batch.")] = 32,
    tolerance: Annotated[float, typer.Option(help="On the relative error of a gradient.")] = 1e-6,
    target: Target = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Check that the gradients are right, that a batch can be learnt, that all parameters move.

    Every gradient is measured by nudging and compared with what backward gives, in float64 and as
    in training; of large networks a sample. Then copies are trained: on one batch, to see whether
    they can learn it by heart, and for a few steps, to see what stays as it was. The model is left
    as it is. The status is 1 if a check fails.

        glassnet check iris.safetensors
        glassnet check digits.safetensors digits --rows 64 --json
        glassnet check iris.safetensors flowers.csv --target species
    """
    import numpy as np

    checked = gn.load(model)
    net, task = checked.network, checked.task
    batch, told = _batch(checked, data, target, rows)
    gradients = checked.check_gradients(batch, tolerance=tolerance)
    x, t = np.asarray(batch.x), task.targets(batch.t)
    overfit = gn.can_overfit(net, x, t, task.loss)
    movement = gn.all_parameters_move(net, x, t, task.loss, optimizer=task.optimizer)
    passed = gradients.passed and overfit.passed and movement.passed
    if as_json:
        document = {
            "passed": passed,
            "data": told,
            "gradients": gradients.to_json(),
            "overfit": overfit.to_json(),
            "movement": movement.to_json(),
        }
        print(json.dumps(document, indent=1))
    else:
        show_text(f"Are the gradients right? ({told})\n\n{gradients}\n")
        show_text(f"Can it learn one batch by heart?\n\n{overfit}\n")
        show_text(f"Does every parameter move?\n\n{movement}")
    if not passed:
        raise typer.Exit(FAILED)


def _batch(
    model: "gn.Model", data: str | None, target: str | None, count: int
) -> tuple["gn.Rows", str]:
    """Choose rows at random, always the same ones."""
    import numpy as np

    from glassnet.cli.data_argument import is_data_set, part_of, rows_and_targets, trained_on

    name = data or trained_on(model)
    known = is_data_set(name)
    rows = part_of(model, name, "train") if known else rows_and_targets(model, name, target)
    some = np.random.default_rng(0).permutation(len(rows))[:count]
    part = " of the training part" if known else ""
    return rows.take(some), f"{name}, {len(some)} rows{part}"
