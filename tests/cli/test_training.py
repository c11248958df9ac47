"""`glassnet train` as an operator meets it: what was learnt is kept, whatever happens."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import glassnet as gn
from glassnet.locking import FolderLock
from glassnet.training.checkpoint import read_checkpoint
from tests.training.setups import bits

from .conftest import Run

PROGRAM = [sys.executable, "-m", "glassnet"]
NEVER_ENDING = [*PROGRAM, "train", "iris", "--epochs", "1000000", "--log", "log.jsonl"]

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")


def start(folder: Path, *more: str, **streams: Any) -> subprocess.Popen[str]:
    """Begin a training that does not end by itself, and wait until it has made two epochs."""
    child = subprocess.Popen([*NEVER_ENDING, *more], cwd=folder, text=True, **streams)
    log = folder / "log.jsonl"
    while not (log.exists() and '"epoch": 2' in log.read_text()):
        assert child.poll() is None
        time.sleep(0.02)
    return child


def weights(path: Path) -> dict[str, bytes]:
    return bits(gn.load(path).network)


def breaking(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Have the log break off in the third epoch, as a full disk does."""

    def fail(self: gn.JSONLog, fit: Any, figures: Any) -> None:  # noqa: ARG001
        if figures["epoch"] == 3:
            raise error

    monkeypatch.setattr(gn.JSONLog, "on_epoch", fail)


# -- showing -------------------------------------------------------------------------------------


@needs_full
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_cannot_be_printed_costs_no_model(tmp_path: Path, stream: str) -> None:
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Path("/dev/full").open("w") as full:
        command = [*PROGRAM, "train", "iris", "--epochs", "3"]
        done = subprocess.run(
            command, cwd=tmp_path, text=True, check=False, **streams | {stream: full}
        )
    assert done.returncode == 0
    gn.load(tmp_path / "iris.safetensors")
    if stream == "stderr":
        assert "Saved iris.safetensors" in done.stdout
    else:
        last = done.stderr.splitlines()[-1]
        assert last.startswith("Warning: Not everything could be printed: ")
        assert last.endswith("All files were written.")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_costs_no_model(tmp_path: Path, stream: str) -> None:
    command = [*PROGRAM, "train", "iris", "--epochs", "3"]
    child = subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    going = getattr(child, stream)
    going.close()
    setattr(child, stream, None)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0
    gn.load(tmp_path / "iris.safetensors")
    assert ("Saved" in out) if stream == "stderr" else ("Warning" not in err)


@pytest.mark.skipif(os.name == "nt", reason="has no terminals to take away")
def test_a_terminal_that_goes_away_costs_no_model(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    child = start(
        tmp_path, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )  # fmt: skip
    os.close(slave)
    os.close(master)
    for _ in range(2):  # the shell says so, and the kernel
        child.send_signal(signal.SIGHUP)
    assert child.wait(timeout=60) == 128 + signal.SIGHUP
    assert gn.load(tmp_path / "iris.safetensors").provenance["ended"] == "interrupted"


def test_other_commands_end_quietly_when_their_reader_goes_away(models: Path) -> None:
    command = [*PROGRAM, "predict", "digits.safetensors", "digits", "--all"]
    child = subprocess.Popen(command, cwd=models, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read(10)
    child.stdout.close()
    child.stdout = None
    assert child.communicate(timeout=60)[1] == b""


# -- what ends training --------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="has no such signals")
def test_sigterm_keeps_the_model_and_a_checkpoint_of_the_epoch_in_progress(tmp_path: Path) -> None:
    child = start(tmp_path, "--checkpoint", "kept", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 128 + signal.SIGTERM
    assert "Saved iris.safetensors" in out
    assert err.endswith("Interrupted. iris.safetensors holds what was learnt until then.\n")
    last = read_checkpoint(tmp_path / "kept" / "last.safetensors")
    kept = {name: w.tobytes() for name, w in last.state.arrays.items()}
    assert weights(tmp_path / "iris.safetensors") == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "iris.safetensors", "kept", "log.jsonl",
    ]  # fmt: skip


def test_an_error_in_training_keeps_what_was_learnt(
    fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, gn.FileError("Cannot write log.jsonl: No space left on device."))
    line = fails("train", "iris", "--epochs", "5", "--log", "log.jsonl", "--quiet")
    assert line == (
        "glassnet: Cannot write log.jsonl: No space left on device. iris.last-good.safetensors "
        "holds the last good weights.\n"
    )
    assert len(gn.load(tmp_path / "iris.last-good.safetensors").provenance["history"]) == 3


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (OSError(28, "No space left on device"), 2, "Cannot read or write: [Errno 28]"),
        (MemoryError("7 TiB"), 2, "too little memory"),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_errors_of_others_do_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, message: str
) -> None:
    breaking(monkeypatch, error)
    said = run("train", "iris", "--epochs", "5", "--log", "log.jsonl", "--quiet")
    assert said.status == status
    assert message in said.err
    assert said.err.endswith(" iris.last-good.safetensors holds the last good weights.\n")
    gn.load("iris.last-good.safetensors")


def test_what_is_no_error_of_ours_says_it_below_its_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, error := ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run("train", "iris", "--epochs", "5", "--log", "log.jsonl", "--quiet")
    assert error.__notes__ == ["iris.last-good.safetensors holds the last good weights."]


def test_a_folder_that_is_deleted_meanwhile_is_made_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def delete(self: gn.JSONLog, fit: Any, figures: Any) -> None:  # noqa: ARG001
        if figures["epoch"] == 2:
            shutil.rmtree(tmp_path / "kept")

    monkeypatch.setattr(gn.JSONLog, "on_epoch", delete)
    out = tmp_path / "kept" / "m.safetensors"
    files = ("--out", out, "--checkpoint", "kept", "--log", "log.jsonl")
    assert run("train", "iris", "--epochs", "3", "--quiet", *files).status == 0
    assert read_checkpoint(tmp_path / "kept" / "last.safetensors").epoch == 3
    gn.load(out)


def unwritable(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Have models not be saved in some folders, as if their disks were full."""

    def save_(model: gn.Model, path: Any) -> None:
        if Path(path).resolve().parent in folders:
            raise gn.FileError(f"Cannot write {path}: No space left on device.")
        save(model, path)

    save = gn.Model.save
    monkeypatch.setattr(gn.Model, "save", save_)


def test_a_model_that_cannot_be_saved_where_it_should_is_saved_elsewhere(
    fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("train", "iris", "--epochs", "2", "--out", "far/m.safetensors", "--quiet")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    unwritable(monkeypatch, tmp_path / "far")
    for name in ("m.last-good.safetensors", "m.last-good-2.safetensors"):
        line = fails(*ask)
        assert line == (
            "glassnet: Cannot write far/m.safetensors: No space left on device. "
            f"{name} holds the model.\n"
        )
        assert gn.load(tmp_path / name).provenance["figures"]["test"]
    unwritable(monkeypatch, tmp_path / "far", tmp_path)
    place = fails(*ask).split(" holds the model.")[0].split()[-1]
    assert place.startswith(str(tmp_path / "temporary" / "glassnet-"))
    gn.load(place)


def test_one_that_can_be_saved_nowhere_is_said(
    fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: gn.Model, path: Any) -> None:
        raise gn.FileError(f"Cannot write {path}: No space left on device.")

    monkeypatch.setattr(gn.Model, "save", full)
    assert "What was learnt could be saved nowhere. Cannot write iris.last-good" in fails(
        "train", "iris", "--epochs", "2", "--quiet"
    )


# -- going on ------------------------------------------------------------------------------------

ASK = ("train", "iris", "--epochs", "5", "--patience", "4", "--dropout", "0.1", "--seed", "3")
FILES = ("--checkpoint", "kept", "--log", "log.jsonl", "--record", "run", "--out", "m.safetensors")
GO_ON = ("train", "--checkpoint", "kept", "--resume", "--quiet")


@pytest.fixture
def broken_off(run: Run, tmp_path: Path) -> Path:
    """A folder in which training was broken off in its third epoch."""
    with pytest.MonkeyPatch.context() as patch:
        breaking(patch, gn.FileError("full"))
        assert run(*ASK, *FILES, "--quiet").status == 2
    return tmp_path


def test_the_checkpoint_says_all_that_is_needed_to_go_on(run: Run, broken_off: Path) -> None:
    assert run(*GO_ON) == (0, "", "")
    assert run(*ASK, "--out", "whole.safetensors", "--quiet").status == 0
    assert weights(broken_off / "m.safetensors") == weights(broken_off / "whole.safetensors")
    lines = [json.loads(line) for line in (broken_off / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == [1, 2, 3, 4, 5]
    recorded = gn.runs.open("run")
    assert (recorded.epochs["epoch"], recorded.ended) == ([1, 2, 3, 4, 5], "finished")


def test_the_same_command_goes_on_with_resume_and_says_from_where(
    run: Run, broken_off: Path
) -> None:
    status, out, err = run(*ASK, *FILES, "--resume")
    assert status == 0
    assert "Saved m.safetensors" in out
    assert err.startswith("Goes on from kept/last.safetensors, after epoch 3 and step 12.\n")
    assert "epoch 4/5" in err
    assert "epoch 3/5" not in err
    assert not (broken_off / "kept" / "earlier-1").exists()


def test_with_resume_the_first_time_it_begins(run: Run, tmp_path: Path) -> None:
    assert run(*ASK, *FILES, "--resume", "--quiet").status == 0
    assert len(gn.load(tmp_path / "m.safetensors").provenance["history"]) == 5


def test_files_may_go_elsewhere(run: Run, broken_off: Path) -> None:
    assert run(*GO_ON, "--out", "other.safetensors").status == 0
    assert (broken_off / "other.safetensors").exists()
    assert not (broken_off / "m.safetensors").exists()


def test_without_resume_what_is_there_is_moved_aside_and_said(run: Run, broken_off: Path) -> None:
    before = (broken_off / "kept" / "last.safetensors").read_bytes()
    said = run(*ASK, *FILES)
    assert said.status == 0
    first, second = said.err.splitlines()[:2]
    assert first == (
        "The checkpoint of an earlier training in kept is moved to kept/earlier-1. (--resume goes "
        "on from one.)"
    )
    assert second == "The run of 0 epochs in run is moved to run/earlier-1."  # its log broke off
    assert (broken_off / "kept" / "earlier-1" / "last.safetensors").read_bytes() == before
    assert len(gn.runs.open("run").epochs) == 5


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["train", "--resume"], "say in which folder it is, --checkpoint DIR"),
        (["train", "iris", "--resume"], "say in which folder it is, --checkpoint DIR"),
        (["train", "--checkpoint", "none", "--resume"], "no checkpoint in none to go on from"),
        (["train", "wine", *GO_ON[1:]], "The training in kept is of iris, not of wine"),
        ([*GO_ON, "--epochs", "6"], "has epochs=5, got 6. Leave it out"),
        ([*GO_ON, "--seed", "0"], "has seed=3, got 0. Leave it out"),
        ([*GO_ON, "--layers", "8,8"], "has layers=None, got [8, 8]"),
        ([*GO_ON, "--continue", "m.safetensors"], "leave out --checkpoint, --resume"),
    ],
)
@pytest.mark.usefixtures("broken_off")
def test_what_cannot_be_gone_on_with_is_one_line(
    fails: Callable[..., str], args: list[str], message: str
) -> None:
    before = Path("kept/last.safetensors").read_bytes()
    assert message in fails(*args)
    assert Path("kept/last.safetensors").read_bytes() == before


@pytest.mark.usefixtures("broken_off")
def test_a_damaged_checkpoint_is_said_and_stays(fails: Callable[..., str]) -> None:
    path = Path("kept/last.safetensors")
    path.write_bytes(path.read_bytes()[:-9])
    assert "kept/last.safetensors is not a whole safetensors file" in fails(*GO_ON)


@pytest.mark.parametrize("option", ["--checkpoint", "--record"])
def test_a_second_training_in_one_folder_is_refused(
    fails: Callable[..., str], tmp_path: Path, option: str
) -> None:
    pytest.importorskip("fcntl")
    held = FolderLock(tmp_path / "kept")
    line = fails("train", "iris", "--epochs", "2", option, "kept", "--quiet")
    assert f"kept is being written to by another training, process {os.getpid()} on " in line
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert len(list((tmp_path / "kept").iterdir())) == 1
    held.release()


def test_a_checkpoint_is_asked_as_a_model(run: Run, broken_off: Path) -> None:
    last = str(broken_off / "kept" / "last.safetensors")
    for command in (
        ["evaluate", last], ["predict", last, "iris", "--row", "0"], ["inspect", last],
        ["doctor", last], ["plot", "curves", last, "--terminal"],
    ):  # fmt: skip
        said = run(*command)
        assert said.status in (0, 1), said.err
        assert said.out
