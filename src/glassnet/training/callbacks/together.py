"""Callbacks, told together: of the start, and of what happens, whichever of them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

from glassnet.errors import ModelFileError
from glassnet.settings import as_tuple
from glassnet.training.callbacks.base import Callback, by_name
from glassnet.training.callbacks.progress import Progress
from glassnet.training.checkpoint import Snapshot
from glassnet.training.fit import Fit


def with_progress(given: Any, progress: bool) -> list[Callback]:
    """Check the callbacks, and add the progress that is shown unless it is not wanted."""
    callbacks = [*as_tuple("callbacks", given, Callback, "gn.EarlyStopping()")]
    if progress and not any(isinstance(one, Progress) for one in callbacks):
        callbacks.append(Progress())
    return callbacks


def start(callbacks: Sequence[Callback], fit: Fit, kept: Snapshot | None, stack: ExitStack) -> None:
    """Tell callbacks that training starts, and what they remembered where it goes on from `kept`.

    stack   tells each that was told of the start of the end

    Raises ModelFileError if a callback cannot recall what was kept.
    """
    if kept is not None:
        fit.rate_factor, fit.recalled = kept.rate_factor, kept.memory
    for callback in callbacks:
        stack.callback(callback.on_end, fit)
        callback.on_start(fit)
    fit.callbacks = by_name(callbacks)
    for name, callback in fit.callbacks.items():
        if name in fit.recalled:
            try:
                callback.recall(fit, fit.recalled[name])
            except (LookupError, TypeError, ValueError) as error:
                raise ModelFileError(
                    f"The checkpoint is damaged: {name} cannot recall what it kept ({error!r})."
                ) from error
    fit.started = True


def tell(calls: Iterable[Callable[[], None]]) -> None:
    """Make every call, though one fails; then raise what the first to fail raised."""
    first: BaseException | None = None
    for call in calls:
        try:
            call()
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first
