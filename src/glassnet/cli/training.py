"""Training on a data set, from the command line: what it writes where, and that it is kept."""

from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import glassnet as gn
from glassnet.cli.output import expect_writable, interrupted_by, keep, with_what_was_learnt
from glassnet.cli.printing import show_commands, size_of
from glassnet.errors import DataError, FileError, SettingError
from glassnet.showing import show

if TYPE_CHECKING:
    from glassnet.training.checkpoint import Snapshot


@dataclass(frozen=True)
class Files:
    """What training writes: the model, and on request the rest."""

    out: Path | None = None
    checkpoint: Path | None = None
    record: Path | None = None
    log: Path | None = None
    tensorboard: Path | None = None

    def to_json(self) -> dict[str, str | None]:
        """Write down where everything goes, but the checkpoint, which is where this is."""
        paths = {one.name: getattr(self, one.name) for one in fields(self)}
        del paths["checkpoint"]
        return {name: path and str(path) for name, path in paths.items()}

    def or_as_before(self, kept: "Snapshot") -> "Files":
        """Return where everything goes now, and what is not said now, where it went before."""
        told = kept.about.get("files")
        before = told if isinstance(told, dict) else {}
        paths = {one.name: getattr(self, one.name) or before.get(one.name) for one in fields(self)}
        return Files(**{name: Path(path) for name, path in paths.items() if path})


def going_on(data: str | None, files: Files, chosen: dict[str, Any]) -> tuple[str, Files]:
    """Return the name of the data, and where everything goes, as training goes on.

    chosen  the settings that are given now

    Raises SettingError for another setting than training was begun with, DataError where neither a
    checkpoint nor anything else says what is learnt.
    """
    from glassnet.model.resume import expect_as_before, kept_in

    kept = kept_in(files.checkpoint)
    if kept is None:
        if data is None:
            raise DataError(
                f"There is no checkpoint in {files.checkpoint} to go on from. To begin, name a "
                f"data set: glassnet train DATA --checkpoint {files.checkpoint}"
            )
        return data, files
    expect_as_before(kept, chosen)
    told = kept.about.get("data")
    name = told.get("name") if isinstance(told, dict) else None
    if data is not None and data != name:
        raise SettingError(
            f"The training in {files.checkpoint} is of {name}, not of {data}. Leave {data} out, or "
            "begin another training in another folder."
        )
    return str(name), files.or_as_before(kept)


def train_and_keep(
    data: str, files: Files, settings: dict[str, Any], *, resume: bool, quiet: bool
) -> None:
    """Train, keep the model whatever comes, and say how good it is.

    Raises KeyboardInterrupt, when the model is kept, if training was ended by a signal.
    """
    from glassnet.cli.data_argument import load_data
    from glassnet.files import remove_leftovers
    from glassnet.training.interrupt import held_back

    rows = load_data(data)
    path = expect_writable(files.out or Path(f"{data}.safetensors"))
    callbacks: list[gn.Callback] = []
    keeper = None
    if files.checkpoint:
        folder = expect_writable(files.checkpoint / "last.safetensors").parent
        keeper = gn.Checkpoint(folder, about={"files": files.to_json()})
    if files.log:
        callbacks.append(gn.JSONLog(expect_writable(files.log)))
    if files.tensorboard:
        callbacks.append(gn.TensorBoard(expect_writable(files.tensorboard / "events").parent))
    record = files.record and expect_writable(files.record / "run.json").parent
    if not quiet:
        _say_what_is_there(files, keeper, resume)
    with held_back() as came:
        try:
            model = gn.train(
                rows,
                **settings,
                callbacks=callbacks,
                checkpoint=keeper,
                resume=resume,
                record=record,
                progress=not quiet,
            )
        except BaseException as error:
            with_what_was_learnt(error, path)
            raise
        keep(model, path)
        remove_leftovers(path.parent)
    if not quiet:
        _report(model, path)
    if model.provenance["ended"] == "interrupted":
        raise interrupted_by(came, f"{path} holds what was learnt until then.")


def _say_what_is_there(files: Files, keeper: "gn.Checkpoint | None", resume: bool) -> None:
    """Say from where training goes on, or what is moved aside where it begins anew."""
    from glassnet.training.callbacks.checkpoint import BEST, LAST
    from glassnet.training.checkpoint import read_checkpoint
    from glassnet.training.recording import LAYERS, LOG, MOMENTS, RUN, next_aside

    if keeper and resume and keeper.last.exists():
        kept = read_checkpoint(keeper.last)
        show(f"Goes on from {keeper.last}, after epoch {kept.epoch} and step {kept.step}.")
        return
    if keeper and (keeper.last.exists() or keeper.best.exists()):
        aside = next_aside(keeper.last.parent, LAST, BEST)
        show(
            f"The checkpoint of an earlier training in {keeper.last.parent} is moved to {aside}. "
            "(--resume goes on from one.)"
        )
    if files.record:
        with suppress(FileError):  # no run is there
            epochs = len(gn.runs.open(files.record).epochs)
            aside = next_aside(files.record, RUN, LOG, LAYERS, MOMENTS)
            show(f"The run of {epochs} epochs in {files.record} is moved to {aside}.")


def _report(model: "gn.Model", path: Path) -> None:
    """Say how good the model is, where it is, and what can be done with it."""
    from glassnet.training.history import describe

    told = model.provenance
    print(f"Test ({told['data']['rows']['test']:,} rows)  {describe(told['figures']['test'])}")
    print(f"Saved {path} ({size_of(path)}, {model.network.size():,} parameters)")
    print("Next:")
    show_commands(
        ["evaluate", str(path)],
        ["predict", str(path), told["data"]["name"], "--row", "0"],
        ["inspect", str(path)],
        ["plot", "overview", str(path), "--out", str(path.with_suffix(".png"))],
    )
