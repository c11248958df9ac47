"""Defaults: docstrings, pages and the command line name those that training takes."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from glassnet.cli.train import train as command
from glassnet.defaults import (
    ALONE_RATE,
    ALONE_UPDATES,
    AUGMENTED_UPDATES,
    BATCH_SIZE,
    BESIDE_RATE,
    BESIDE_UPDATES,
    FIT_EPOCHS,
    KEPT_SHARE,
    LARGE_BATCH_SIZE,
    MANY_ROWS,
    MOST_EPOCHS,
    MOST_TIMES,
    PATIENCE_PART,
    SMALL_TABLE_RATE,
    UNITS,
    UPDATES,
)
from glassnet.model.learn_on import learn_on

DOCS = Path(__file__).parents[1] / "docs"

SMALL, SMALL_AUGMENTED, WIDE, WIDE_AUGMENTED = (
    " and ".join(map(str, UNITS[many, augmented])) for many in (False, True)
    for augmented in (False, True)
)  # fmt: skip
FIFTH = {5: "a fifth"}[PATIENCE_PART]
TENTH = {0.1: "a tenth"}[KEPT_SHARE]
HUNDRED_TIMES, HUNDRED_UPDATES = ({100: "a hundred"}[n] for n in (MOST_TIMES, ALONE_UPDATES))
HALF = {0.5: "half the rate"}[ALONE_RATE / BESIDE_RATE]

NAMED = {
    gn.train: [
        f"unless given {SMALL}, or {WIDE} from {MANY_ROWS:,} rows on; {SMALL_AUGMENTED}, or "
        f"{WIDE_AUGMENTED}, with `augment`",
        f"{SMALL_TABLE_RATE} for Adam on tables of fewer than {MANY_ROWS:,} rows",
        f"unless given {BATCH_SIZE}, or {LARGE_BATCH_SIZE} from {MANY_ROWS:,} rows on",
        f"about {UPDATES:,} updates, or {AUGMENTED_UPDATES:,} with `augment`, at most "
        f"{MOST_EPOCHS:,}",
        f"Unless given, {FIFTH} of the epochs",
    ],
    learn_on: [
        f"repeated up to {TENTH} of an epoch",
        f"about {BESIDE_UPDATES:,} updates; {ALONE_UPDATES} for pictures alone",
        f"{BESIDE_RATE:.4f} unless given, {ALONE_RATE:.4f} alone",
    ],
    gn.Trainer.fit: [f"{BATCH_SIZE} unless given"],
    "model.md": [
        f"| from {MANY_ROWS:,} rows on |",
        f"| {SMALL} | {WIDE} | {SMALL_AUGMENTED}, or {WIDE_AUGMENTED} from {MANY_ROWS:,} rows on |",
        f"| {BATCH_SIZE} | {LARGE_BATCH_SIZE} |",
        f"| about {UPDATES:,} updates' worth, at most {MOST_EPOCHS:,} | the same | about "
        f"{AUGMENTED_UPDATES:,} updates' worth |",
        f"| {FIFTH} of such epochs;",
        f"but {SMALL_TABLE_RATE} for Adam on tables |",
    ],
    "training.md": [
        f"{WIDE_AUGMENTED} units, {AUGMENTED_UPDATES:,} updates and a rate that falls to 0",
        f"until they are {TENTH} of an epoch, each at most {HUNDRED_TIMES} times",
        f"alone, at {HALF} and in {HUNDRED_UPDATES} updates",
    ],
}


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("place", "phrase"), [(place, one) for place, some in NAMED.items() for one in some]
)
def test_what_is_named_is_what_is_taken(place: Any, phrase: str) -> None:
    text = (DOCS / place).read_text("utf-8") if isinstance(place, str) else inspect.getdoc(place)
    assert phrase in plain(str(text))


def test_the_command_line_names_them() -> None:
    helps = {
        name: plain(parameter.annotation.__metadata__[0].help)
        for name, parameter in inspect.signature(command).parameters.items()
        if hasattr(parameter.annotation, "__metadata__")
    }
    units = [",".join(map(str, UNITS[key])) for key in sorted(UNITS)]
    assert (
        f"Unless given: {units[0]}, or {units[2]} from {MANY_ROWS:,} rows on; {units[1]}, or "
        f"{units[3]}, with --augment."
    ) in helps["layers"]
    assert f"{SMALL_TABLE_RATE} for adam on tables below {MANY_ROWS:,}" in helps["learning_rate"]
    assert f"about {UPDATES:,} updates' worth, or {AUGMENTED_UPDATES:,} with" in helps["epochs"]
    assert f"{BATCH_SIZE}, or {LARGE_BATCH_SIZE} from {MANY_ROWS:,} rows on" in helps["batch_size"]
    assert f"1/{PATIENCE_PART} of the epochs" in helps["patience"]


def test_the_command_line_takes_what_the_function_takes() -> None:
    ours, theirs = (inspect.signature(one).parameters for one in (gn.train, command))
    shared = ours.keys() & theirs.keys()
    assert {"activation", "dropout", "optimizer", "dtype", "l2", "seed", "engine"} <= shared
    for name in shared:
        assert ours[name].default == theirs[name].default, name


def test_a_fit_that_is_not_told_takes_them() -> None:
    net = gn.Sequential([gn.Dense(3)], input_shape=4, seed=0)
    trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy())
    data = gn.datasets.load("iris").train
    history = trainer.fit(data, progress=False)
    assert len(history) == FIT_EPOCHS
    assert trainer.step == FIT_EPOCHS * -(-len(data) // BATCH_SIZE)
