"""`glassnet train --continue`: a model learns from pictures that were kept for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import glassnet as gn
from glassnet.cli.output import expect_writable, interrupted_by, keep, with_what_was_learnt
from glassnet.cli.printing import show_commands, show_table, size_of, warn
from glassnet.errors import DataError, SettingError, carrying

WORSE = 0.02
"""A model that gets so much less of the test part right does not take the place of the old one."""


def learn_on(
    path: Path,
    folder: Path | None,
    out: Path | None,
    *,
    quiet: bool,
    **settings: Any,
) -> None:
    """Learn from the pictures in a folder, beside what the model learnt from, and keep the model.

    out         where to; unless given, in place of the model

    Raises SettingError without a folder, DataError where the model would get worse and nothing is
    said of where to, and what reading and learning raise.
    """
    from glassnet.data.image_folder import read
    from glassnet.model.learn_on import earlier_data, expect_pictures
    from glassnet.training.interrupt import held_back

    if folder is None:
        raise SettingError("--continue learns from kept pictures: say where they are, --data DIR.")
    model = gn.load(path)
    kept_in = expect_writable(out or path)
    images, classes = expect_pictures(model)
    kept = read(folder, images, classes)
    data, why = earlier_data(model)
    if data is None:
        warn(
            f"Only the {len(kept)} pictures in {folder} are learnt from, in small steps, and the "
            f"model may get worse at what is unlike them, because {why}"
        )
    with held_back() as came:
        try:
            model = model.learn_on(kept, data=data, progress=not quiet, **settings)
        except BaseException as error:
            with_what_was_learnt(error, kept_in)
            raise
        told: Any = model.provenance["continued"][-1]
        interrupted = told["ended"] == "interrupted"
        if out is None:  # what was good is not given for what is not
            if interrupted:
                interrupt = interrupted_by(came, f"{path} stays as it was.")
                raise with_what_was_learnt(carrying(interrupt, model=model), path)
            _expect_no_worse(told, path, folder)
        keep(model, kept_in)
    if not quiet:
        _report(told, folder, kept_in)
    if interrupted:
        raise interrupted_by(came, f"{kept_in} holds what was learnt until then.")


def _expect_no_worse(told: dict[str, Any], path: Path, folder: Path) -> None:
    """Raise DataError where pictures spoilt a model: where many have wrong labels, for instance."""
    if told["beside"]:
        before, after = (told[when]["test"]["accuracy"] for when in ("before", "after"))
        if after < before - WORSE:
            raise DataError(
                f"The pictures in {folder} would take the accuracy on the test part from "
                f"{100 * before:.1f} % to {100 * after:.1f} %, so {path} stays as it was. See "
                "whether they lie in the right folders; --out keeps the new model beside it."
            )


def _report(told: dict[str, Any], folder: Path, path: Path) -> None:
    """Say what the model got right before and after, where it is, and what can be done with it."""
    rows = told["kept"]["rows"]
    names = {"kept": f"{folder}: {rows:,} pictures, now learnt from"}
    if told["beside"]:
        names["test"] = f"test part of {told['beside']['name']}, never learnt from"
    right = [
        (text, *(f"{100 * told[when][part]['accuracy']:.2f} %" for when in ("before", "after")))
        for part, text in names.items()
    ]
    show_table(["accuracy", "before", "after"], right)
    print(f"Saved {path} ({size_of(path)})")
    print("Next:")
    show_commands(["evaluate", str(path)], ["inspect", str(path)])
