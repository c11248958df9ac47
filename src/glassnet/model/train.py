"""train(): data in, model out, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Literal

import numpy as np

from glassnet.data import Dataset, datasets
from glassnet.data.augment import Augment
from glassnet.data.batches import batch_size_for
from glassnet.data.meaning import Classes, Features, Images
from glassnet.data.rows import in_precision, moments
from glassnet.defaults import (
    AUGMENTED_UPDATES,
    LARGE_BATCH_SIZE,
    MANY_ROWS,
    MOST_EPOCHS,
    PATIENCE_PART,
    SMALL_TABLE_RATE,
    UNITS,
    UPDATES,
)
from glassnet.errors import DataError, DivergenceError, SettingError, carrying, short
from glassnet.model.experience import Experience
from glassnet.model.model import Model
from glassnet.model.provenance import record as write_down
from glassnet.model.resume import Asked, about, as_before, as_json, expect_same_engine, kept_in
from glassnet.model.task import Task
from glassnet.nn.initializers import initializer
from glassnet.nn.layer import Layer
from glassnet.nn.layers import Dense, Dropout, Standardize
from glassnet.nn.layers.activations import activation as make_activation
from glassnet.nn.network import DType, Sequential
from glassnet.optim import L2, ClipNorm, CosineDecay, Optimizer
from glassnet.optim import optimizer as make_optimizer
from glassnet.settings import as_tuple, expect_kind, whole_number
from glassnet.training.callbacks import Callback, Checkpoint, EarlyStopping, Recorder
from glassnet.training.checkpoint import Snapshot
from glassnet.training.history import History
from glassnet.training.trainer import Trainer


def train(
    data: str | Dataset | None = None,
    *,
    layers: int | Sequence[int] | None = None,
    activation: str = "relu",
    dropout: float = 0.0,
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = None,
    schedule: Literal["constant", "cosine"] | None = None,
    l2: float = 0.0,
    clip_norm: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    patience: int | None = None,
    augment: bool | Augment = False,
    seed: int = 0,
    dtype: DType = "float32",
    engine: str = "auto",
    callbacks: Callback | Iterable[Callback] | None = (),
    checkpoint: str | Path | Checkpoint | None = None,
    resume: bool = False,
    record: str | Path | None = None,
    progress: bool = True,
) -> Model:
    """Train a network of dense layers on a data set, and return the model.

    data            a name of ``gn.datasets.names()``, or a Dataset
    layers          units of each hidden layer, [] for none; unless given 64, or 256 from 10,000
                    rows on; 128, or 512 and 256, with `augment`
    activation      after each hidden layer: "relu", "tanh", "sigmoid", "gelu", …
    dropout         the fraction dropped after each hidden layer
    optimizer       a name with `learning_rate`, or an optimiser. Unless given, the rate is the
                    optimiser's own, but 0.01 for Adam on tables of fewer than 10,000 rows
    schedule        "cosine" lets the rate fall to 0 over the training. Unless given "constant", but
                    "cosine" with `augment` where the optimiser goes by its name
    l2              strength of the L2 penalty
    clip_norm       the length to which longer gradients are shortened
    batch_size      rows an update; unless given 32, or 128 from 10,000 rows on, or all of them
                    where there are fewer
    epochs          unless given, as many as make about 6,000 updates, or 16,000 with `augment`, at
                    most 1,000
    patience        stop when the validation loss has not improved for so many epochs, and keep the
                    best; 0 trains to the end. Unless given, a fifth of the epochs where their
                    number is left to us, without `augment`, else 0
    augment         True, or an Augment, trains on the pictures drawn otherwise, anew in each epoch
    checkpoint      a folder in which training is kept after each epoch, or a Checkpoint
    resume          go on from the checkpoint there, if there is one, as if training had never
                    stopped: to the same model, bit for bit. Data and settings come from it;
                    callbacks, and data that has no name here, are given again
    record          a folder that gets the whole run, for `gn.runs.open`

    Features are standardised by the first layer, and values by the model, with the statistics of
    the training part. The model's provenance holds every setting, the history, and what it reaches
    on the validation and test parts; its experience says what is unlike the training part.

    Raises DivergenceError if the loss is no longer a number, and whatever else ends training; the
    error's `model` has the last good weights.
    """
    asked: Asked = {
        "layers": layers, "activation": activation, "dropout": dropout, "optimizer": optimizer,
        "learning_rate": learning_rate, "schedule": schedule, "l2": l2, "clip_norm": clip_norm,
        "epochs": epochs, "batch_size": batch_size, "patience": patience, "augment": augment,
        "seed": seed, "dtype": dtype, "engine": engine,
    }  # fmt: skip
    kept = kept_in(checkpoint) if resume else None
    if kept is not None:
        usual = {name: one.default for name, one in signature(train).parameters.items()}
        chosen = {name: value for name, value in asked.items() if as_json(value) != usual[name]}
        data, asked = as_before(kept, data, chosen)
    elif data is None and checkpoint is not None:
        raise DataError(f"There is no checkpoint in {checkpoint} yet: say what data is learnt.")
    return _train(
        data,
        callbacks=callbacks,
        checkpoint=checkpoint,
        kept=kept,
        record=record,
        progress=progress,
        asked=asked,
        **asked,
    )


def _train(
    data: str | Dataset | None,
    *,
    layers: int | Sequence[int] | None,
    activation: str,
    dropout: float,
    optimizer: str | Optimizer,
    learning_rate: float | None,
    schedule: Literal["constant", "cosine"] | None,
    l2: float,
    clip_norm: float | None,
    epochs: int | None,
    batch_size: int | None,
    patience: int | None,
    augment: bool | Augment,
    seed: int,
    dtype: DType,
    engine: str,
    callbacks: Callback | Iterable[Callback] | None,
    checkpoint: str | Path | Checkpoint | None,
    kept: Snapshot | None,
    record: str | Path | None,
    progress: bool,
    asked: Asked,
) -> Model:
    """Train as `train` was asked, or go on as it was asked when it began.

    kept    the checkpoint to go on from
    """
    if isinstance(data, str):
        data = datasets.load(data)
    elif not isinstance(data, Dataset):
        raise DataError(
            "train expects a name of gn.datasets.names() or a Dataset, got a "
            f"{type(data).__name__}. Make one of arrays with gn.Dataset.split."
        )
    redraw = augmentation(augment, data)
    many = len(data.train) >= MANY_ROWS
    if layers is None:
        layers = UNITS[many, redraw is not None]
    if schedule is None:
        schedule = "cosine" if redraw and not isinstance(optimizer, Optimizer) else "constant"
    if batch_size is None and many:
        batch_size = LARGE_BATCH_SIZE
    batch_size = batch_size_for(len(data.train), batch_size)
    batches = -(-len(data.train) // batch_size)
    if epochs is None:
        epochs = min(MOST_EPOCHS, -(-(AUGMENTED_UPDATES if redraw else UPDATES) // batches))
        if patience is None and not redraw:
            patience = epochs // PATIENCE_PART
    epochs = whole_number("epochs", epochs)
    small_table = isinstance(data.inputs, Features) and not many
    if learning_rate is None and optimizer == "adam" and small_table:
        learning_rate = SMALL_TABLE_RATE
    if not isinstance(optimizer, Optimizer):
        optimizer = make_optimizer(
            optimizer, **({} if learning_rate is None else {"learning_rate": learning_rate})
        )
    elif learning_rate is not None:
        raise SettingError(f"{optimizer} has its learning rate already: leave out learning_rate.")
    if schedule == "cosine":
        rate = CosineDecay(optimizer.rate(1), epochs * batches)
        optimizer = replace(optimizer, learning_rate=rate)
    elif schedule != "constant":
        raise SettingError(f"schedule is 'constant' or 'cosine', got {schedule!r}.")
    task = Task.of_data(data, optimizer)
    outputs = task.outputs
    each = as_tuple("layers", layers, int | np.integer, "[64, 32]")
    hidden = [layer for units in each for layer in _block(units, activation, dropout)]
    first = [Standardize()] if isinstance(data.inputs, Features) else []
    network = Sequential(
        [*first, *hidden, Dense(outputs.size)],
        input_shape=(data.inputs.size,),
        seed=seed,
        dtype=dtype,
    )
    for layer in first:
        _measure(layer, data)
    trainer = Trainer(
        network,
        task.loss,
        task.optimizer,
        metrics=task.metrics,
        penalties=[L2(l2)] if l2 else [],
        clipping=None if clip_norm is None else ClipNorm(clip_norm),
        engine=engine,
    )
    validation = task.rows(data.validation)
    callbacks = [
        *as_tuple("callbacks", callbacks, Callback, "gn.EarlyStopping()"),
        *([EarlyStopping(patience)] if patience else []),
    ]
    if checkpoint is not None:
        keeper = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
        keeper.about |= about(data, data.inputs, outputs, asked)
        callbacks = [keeper, *callbacks]
    if record is not None:
        recorder = Recorder(
            record, probe=validation, data=data.name, inputs=data.inputs, outputs=outputs
        )
        callbacks = [recorder, *callbacks]
    model = Model(network, data.inputs, outputs)
    settings = trainer.settings() | {"epochs": epochs, "batch_size": batch_size}
    settings["augment"] = redraw and redraw.config()
    if kept is not None:
        expect_same_engine(kept, trainer.engine.name)
        trainer.go_on(kept)
    begun = trainer.step
    ended = "error"
    try:
        history = trainer.fit(
            task.rows(data.train),
            validation=validation,
            until=epochs,
            batch_size=batch_size,
            augment=redraw,
            callbacks=callbacks,
            progress=progress,
        )
        ended = history.ended
        figures = {
            "validation": model.evaluate(data.validation),
            "test": model.evaluate(data.test),
        }
        model.provenance = write_down(data, settings, _whole(trainer, ended), figures)
        model.experience = experience_of(model, data)
    except BaseException as error:
        told = getattr(error, "history", None)
        ended = ended if told is None else told.ended
        if trainer.step > begun or kept is not None or isinstance(error, DivergenceError):
            model.provenance = write_down(data, settings, _whole(trainer, ended), {})
            carrying(error, model=model)
        raise
    return model


def _whole(trainer: Trainer, ended: str) -> History:
    """Return what was measured from the beginning on, wherever training was gone on from."""
    return History(trainer.history.epochs, ended, f"{trainer.engine.name}: {trainer.why}")


def experience_of(model: Model, data: Dataset) -> Experience:
    """Look at the rows that a model learnt from, and find where it is no longer sure."""
    classes = isinstance(model.outputs, Classes)
    return Experience.of(
        data.train,
        data.validation,
        model.predict_proba(data.validation.x) if classes else None,
        images=isinstance(data.inputs, Images),
    )


def augmentation(augment: bool | Augment, data: Dataset) -> Augment | None:
    """Return how a data set's pictures are drawn otherwise: the usual way, another, or not at all.

    Raises DataError for data that is no pictures, SettingError for what says nothing of the kind.
    """
    expect_kind("augment", augment, bool | Augment, "True or gn.Augment(turn=5)")
    if not augment:
        return None
    if not isinstance(data.inputs, Images):
        raise DataError(
            f"augment redraws pictures, but {data.name} has {len(data.inputs.names)} features. "
            "Leave it out."
        )
    redraw = Augment() if augment is True else augment
    return replace(redraw, images=data.inputs)


def _measure(layer: Standardize, data: Dataset) -> None:
    """Let a layer of a network standardise the features of the training part.

    Raises DataError for a feature whose values the network's digits do not tell apart.
    """
    assert isinstance(data.inputs, Features)
    x = np.asarray(data.train.x)
    dtype = in_precision("x", x, layer.mean.dtype).dtype
    layer.mean[...], layer.std[...] = mean, std = moments("x", x)
    digits, varies = np.finfo(dtype).precision, np.ptp(x, axis=0) > 0
    for name, μ, σ in zip(data.inputs.names, mean, np.where(varies, std, np.inf), strict=True):
        if σ < abs(μ) / 10**digits:
            raise DataError(
                f"The feature {short(name)} is {μ:g} give or take {σ:g}, but {dtype} has only "
                f"{digits} digits. Subtract {μ:g} from it, or train with dtype='float64'."
            )


def _block(units: int, name: str, dropout: float) -> list[Layer]:
    """Make one hidden layer: an affine map whose scale suits what follows, a bend, dropout."""
    bend = make_activation(name)
    return [Dense(units, initializer(bend.suits)), bend, *([Dropout(dropout)] if dropout else [])]
