"""learn_on(): a trained model learns from pictures that people kept for it, and forgets nothing."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from glassnet.data import Dataset, datasets
from glassnet.data.augment import Augment, from_config
from glassnet.data.batches import batch_size_for
from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows, check_classes
from glassnet.defaults import (
    ALONE_RATE,
    ALONE_UPDATES,
    BESIDE_RATE,
    BESIDE_UPDATES,
    KEPT_SHARE,
    LARGE_BATCH_SIZE,
    MANY_ROWS,
    MOST_TIMES,
)
from glassnet.errors import DataError, DivergenceError, FileError, SettingError, carrying
from glassnet.model.base import BaseModel
from glassnet.model.experience import Experience
from glassnet.model.provenance import data_name, fits, machine
from glassnet.model.task import setting_of
from glassnet.optim import Adam, CosineDecay
from glassnet.settings import expect_kind, whole_number
from glassnet.training.callbacks import Callback
from glassnet.training.history import Figures, as_json
from glassnet.training.trainer import Trainer
from glassnet.types import Array

M = TypeVar("M", bound=BaseModel)


def learn_on(
    model: M,
    kept: Rows,
    *,
    data: Dataset | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    augment: bool | Augment | None = None,
    seed: int = 0,
    engine: str = "auto",
    callbacks: Callback | Iterable[Callback] | None = (),
    progress: bool = True,
) -> M:
    """Return a model of the same architecture that has learnt from kept pictures as well.

    model           of images and classes; it stays as it is
    kept            pictures with their right answers, of the model's size
    data            what the model learnt from before (`earlier_data` finds it): the kept pictures
                    are learnt beside its training part, repeated up to a tenth of an epoch, so that
                    nothing is forgotten. Without it they are learnt alone, in small steps, and
                    what is unlike them may be forgotten
    epochs          unless given, as many as make about 1,500 updates; 100 for pictures alone
    learning_rate   Adam's, from which it falls to 0: 0.0002 unless given, 0.0001 alone
    augment         whether pictures are drawn otherwise in each epoch, and how; unless given, as
                    the model learnt before

    The provenance gets an entry under "continued": what was learnt, and the figures on the kept
    pictures, and on the test part where there is data, before and after.

    Raises SettingError for a model of something else; DataError for pictures of another size, data
    of another meaning, or pictures of a single class alone; DivergenceError if the loss is no
    longer a number.
    """
    images, classes = expect_pictures(model)
    x, t = _checked(kept, images, classes)
    if data is not None and not fits(data, model.inputs, model.outputs):
        raise DataError(f"{data.name} has other pictures or classes than the model learnt.")
    if data is None and (t == t[0]).all():
        raise DataError(
            f"Every kept picture is of the class {classes.labels[t[0]]!r}: learnt alone, they "
            "would teach the model to say nothing else. Keep pictures of another class too."
        )
    rows, times = _together(Rows(x, t), data)
    redraw = _augmentation(augment, model, images)
    if batch_size is None and len(rows) >= MANY_ROWS:
        batch_size = LARGE_BATCH_SIZE
    batch_size = batch_size_for(len(rows), batch_size)
    batches = -(-len(rows) // batch_size)
    if epochs is None:
        epochs = max(1, round((BESIDE_UPDATES if data else ALONE_UPDATES) / batches))
    updates = whole_number("epochs", epochs) * batches
    rate = (BESIDE_RATE if data else ALONE_RATE) if learning_rate is None else learning_rate
    network = model.network.copy()
    task = replace(model.task, optimizer=Adam(CosineDecay(rate, updates)))
    held_out = None if data is None else (data.validation.x, task.targets(data.validation.t))
    trainer = Trainer(network, task.loss, task.optimizer, seed=seed, engine=engine)
    after = type(model)(network, images, classes, model.provenance, model.experience)
    told: dict[str, Any] = {
        "kept": {"rows": len(x), "sha256": _fingerprint(x, t), "times": times},
        "beside": None if data is None else {"name": data.name, "sha256": data.fingerprint},
        "settings": trainer.settings()
        | {"epochs": epochs, "batch_size": batch_size, "augment": redraw and redraw.config()},
        "before": _figures(model, Rows(x, t), data),
    }
    try:
        history = trainer.fit(
            (rows.x, task.targets(rows.t)),
            validation=held_out,
            epochs=epochs,
            batch_size=batch_size,
            augment=redraw,
            callbacks=callbacks,
            progress=progress,
        )
    except BaseException as error:
        if trainer.step or isinstance(error, DivergenceError):
            carrying(error, model=after)
        raise
    told |= {
        "after": _figures(after, Rows(x, t), data),
        "history": history.epochs,
        "ended": history.ended,
        "engine": history.engine,
        "machine": machine(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    earlier: Any = model.provenance.get("continued")
    continued = [*(earlier if isinstance(earlier, list) else []), as_json(told)]
    if data is not None:  # else what it is sure of stays what it was
        told_apart = after.predict_proba(data.validation.x)
        after.experience = Experience.of(rows, data.validation, told_apart, images=True)
    figures = {name: told["after"][name] for name in ("validation", "test") if data}
    after.provenance = model.provenance | {"continued": continued, "figures": as_json(figures)}
    return after


def earlier_data(model: BaseModel) -> tuple[Dataset | None, str]:
    """Return the data set that a model learnt from, by the name in its provenance, or why not."""
    name = data_name(model.provenance)
    if not name:
        return None, "the model learnt from data that has no name here."
    try:
        data = datasets.load(name)
    except (DataError, FileError, SettingError) as error:
        return None, f"{name}, which it learnt from before, is not at hand. {error}"
    if not fits(data, model.inputs, model.outputs):
        return None, f"{name} has other pictures or classes than the model."
    return data, ""


def expect_pictures(model: BaseModel) -> tuple[Images, Classes]:
    """Return what the model's numbers mean, or raise SettingError where it does not tell pictures
    apart.
    """
    if not isinstance(model.inputs, Images):
        raise SettingError(
            f"Learning on is for pictures, and this model reads a table of {model.inputs.size} "
            "columns. Train it anew on all rows."
        )
    if not isinstance(model.outputs, Classes):
        raise SettingError(
            f"Learning on is for classes, and this model answers with values: "
            f"{', '.join(model.outputs.names)}."
        )
    return model.inputs, model.outputs


def _checked(kept: Rows, images: Images, classes: Classes) -> tuple[Pixels, Any]:
    """Return the kept pictures and their classes, or raise DataError where they do not fit."""
    expect_kind("kept", kept, Rows, "gn.Rows(pixels, classes)")
    if not isinstance(kept.x, Pixels):
        raise DataError("The kept pictures are expected as gn.Pixels, got floats.")
    if kept.x.shape[1] != images.size or kept.x.maximum != images.maximum:
        raise DataError(
            f"The model reads pictures of {images.height} x {images.width} pixels from 0 to "
            f"{images.maximum}, got rows of {kept.x.shape[1]} from 0 to {kept.x.maximum}."
        )
    check_classes(kept.t, len(classes.labels))
    return kept.x, kept.t


def _together(kept: Rows, data: Dataset | None) -> tuple[Rows, int]:
    """Return what is trained on, and how many times each kept picture is in it."""
    if data is None:
        return kept, 1
    times = round(KEPT_SHARE / (1 - KEPT_SHARE) * len(data.train) / len(kept))
    times = min(max(times, 1), MOST_TIMES)
    assert isinstance(kept.x, Pixels)
    x = data.train.x
    if isinstance(x, Pixels):
        both = [x.bytes, *[kept.x.bytes] * times]
        pixels: Any = Pixels(np.concatenate(both), x.maximum)
    else:
        pixels = np.concatenate([x, *[np.asarray(kept.x)] * times])
    return Rows(pixels, np.concatenate([data.train.t, *[kept.t] * times])), times


def _augmentation(
    augment: bool | Augment | None, model: BaseModel, images: Images
) -> Augment | None:
    """Return how pictures are drawn otherwise; unless it is said, as the model learnt before."""
    expect_kind("augment", augment, bool | Augment | None, "True or gn.Augment(turn=5)")
    if augment is None:
        told = setting_of(model.provenance, "augment")
        augment = from_config(told) if told else False
    if isinstance(augment, bool):
        augment = Augment() if augment else None
    return augment and replace(augment, images=images)


def _figures(model: BaseModel, kept: Rows, data: Dataset | None) -> dict[str, Figures]:
    """Measure the model on the kept pictures, and on the parts that it does not learn from."""
    parts = {"kept": kept}
    if data is not None:
        parts |= {"validation": data.validation, "test": data.test}
    return {name: model.evaluate(rows) for name, rows in parts.items()}


def _fingerprint(x: Pixels, t: Array) -> str:
    return hashlib.sha256(x.bytes.tobytes() + t.astype(np.int64).tobytes()).hexdigest()
