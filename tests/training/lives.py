"""Trainings that are killed and go on: python -m tests.training.lives FOLDER WAY ENGINE KILLS SEED

Each one is killed by SIGKILL, at a random moment or just before a random one of the things that it
does to files, goes on, may be killed again or asked to end by SIGTERM, and goes on to its end. What
it ends with is compared with what one ends with that was left alone. Prints how many ended the
same, as JSON.

WAY is api, of a Trainer whose checkpoints are written within epochs too, or cli.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.files import read_sealed
from glassnet.training.json_lines import read_lines
from tests.training.setups import classifier, restless, rows

EPOCHS = 12


class Often(gn.Callback):
    """Keeps a checkpoint after every seventh update, so that training goes on within epochs."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def on_start(self, fit: Any) -> None:
        fit.pauses |= set(range(0, 10_000, 7))

    def on_chunk(self, fit: Any, chunk: Any) -> None:
        if (chunk.step + len(chunk.losses)) % 7 == 0 and chunk.done < chunk.of:
            fit.checkpoint().write(self.file)


def by_trainer(folder: Path, engine: str) -> None:
    """Train, or go on; everything that could differ has something to remember."""
    x, t = rows(42)
    trainer = classifier(
        restless(), optimizer=gn.AdamW(gn.CosineDecay(0.05, steps=130)), engine=engine,
        metrics="accuracy",
    )  # fmt: skip
    keep = gn.Checkpoint(folder / "kept", every=2)
    if keep.last.exists():
        trainer.resume(keep.last)
    callbacks = [
        keep,
        gn.ReduceOnPlateau(patience=1, by=0.01),
        gn.EarlyStopping(patience=4),
        gn.JSONLog(folder / "log.jsonl", steps=True),
        gn.Recorder(folder / "run", probe=rows(9), epochs=4),
        Often(keep.last),  # after those that log
    ]
    history = trainer.fit(
        (x, t), validation=rows(30, seed=8), until=EPOCHS, batch_size=4, callbacks=callbacks,
        sample_weight=np.linspace(0.5, 2, len(x)), progress=False,
    )  # fmt: skip
    state = trainer.runner.state()
    arrays = dict(state.arrays)
    for name, slots in state.slots.items():
        arrays |= {f"{name}/{slot}": array for slot, array in slots.items()}
    ended = {
        "arrays": {name: hashlib.sha256(a.tobytes()).hexdigest() for name, a in arrays.items()},
        "history": timeless(trainer.history),
        "ended": history.ended,
        "steps": trainer.step,
    }
    if history.ended != "interrupted":
        (folder / "ended.json").write_text(json.dumps(ended))


def by_command(folder: Path, engine: str) -> None:
    """Train, or go on, by the command line."""
    from glassnet.cli import main

    command = shlex.split(
        "train moons --epochs 12 --batch-size 64 --layers 9 --dropout 0.2 --patience 5"
    )
    keeping = shlex.split(
        "--checkpoint kept --resume --log log.jsonl --record run --out m.safetensors"
    )
    if (folder / "kept" / "last.safetensors").exists():  # which knows all the rest
        command, keeping = ["train"], ["--checkpoint", "kept", "--resume"]
    else:
        command += ["--engine", engine]
    os.chdir(folder)
    sys.argv = ["glassnet", *command, *keeping, "--quiet"]
    main()


WAYS: dict[str, Callable[[Path, str], None]] = {"api": by_trainer, "cli": by_command}


def timeless(history: Any) -> list[dict[str, float]]:
    return [{name: one[name] for name in one if name != "seconds"} for one in history]


def live(way: str, folder: Path, engine: str, event: int = 0) -> int:
    """Begin a life in a process of its own, which kills itself before so many events of files."""
    if process := os.fork():
        return process
    status = 1
    try:
        left = [event]

        def count(name: str, _: Any) -> None:
            if name in ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.listdir"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        if event:
            sys.addaudithook(count)
        WAYS[way](folder, engine)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        os._exit(status)


def outcome(way: str, folder: Path) -> dict[str, Any]:
    """Read everything that a training which came to its end has left."""
    run = gn.runs.open(folder / "run")
    events = [line["event"] for line in read_lines(folder / "log.jsonl")]
    told: dict[str, Any] = {
        "logged epochs": [x["epoch"] for x in read_lines(folder / "log.jsonl") if "epoch" in x],
        "log ends": events[-1],
        "run": [timeless(run.epochs), run.steps, run.losses, run.ended],
        "left over": [str(path) for path in folder.rglob(".*")],
    }
    for name in ("last", "best"):
        document, arrays = read_sealed(folder / "kept" / f"{name}.safetensors")
        document["history"] = timeless(document["history"])
        document["training"] = ""
        told[name] = [document, {key: a.tobytes().hex() for key, a in arrays.items()}]
        for memory in document["callbacks"].values():
            memory.get("best", {}).pop("seconds", None)
    if way == "api":
        ended: dict[str, Any] = json.loads((folder / "ended.json").read_text())
        return told | ended
    document, arrays = read_sealed(folder / "m.safetensors")
    document["provenance"] |= {
        "created": "", "history": timeless(document["provenance"]["history"]),
    }  # fmt: skip
    return told | {"model": [document, {key: a.tobytes().hex() for key, a in arrays.items()}]}


def trial(way: str, folder: Path, engine: str, lasts: float, chance: random.Random) -> bool:
    """Kill a training, have it go on to its end; return whether it was killed before that."""
    event = chance.randrange(1, 260) if chance.random() < 0.5 else 0
    process = live(way, folder, engine, event)
    if not event:
        time.sleep(chance.uniform(0, lasts))
        os.kill(process, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(process, 0)[1])
    if chance.random() < 0.5:
        process = live(way, folder, engine, chance.choice([0, chance.randrange(1, 90)]))
        time.sleep(chance.uniform(0, lasts))
        os.kill(process, chance.choice([signal.SIGTERM, signal.SIGKILL]))
        os.waitpid(process, 0)
    status = os.waitpid(live(way, folder, engine), 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0, f"{folder} could not go on"
    return killed


def main(place: Path, way: str, engine: str, kills: int, seed: int) -> dict[str, Any]:
    gn.datasets.load("moons")  # what takes long is loaded once, before the forks
    from glassnet.cli import app  # noqa: F401

    whole = place / "whole"
    whole.mkdir(parents=True)
    began = time.monotonic()
    assert os.waitpid(live(way, whole, engine), 0)[1] == 0
    lasts = time.monotonic() - began
    expected = outcome(way, whole)
    chance, killed, same, differ = random.Random(seed), 0, 0, []
    while killed < kills:
        folder = place / f"{killed}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if not trial(way, folder, engine, lasts, chance):
            continue  # it was faster
        killed += 1
        ended = outcome(way, folder)
        if ended == expected:
            same += 1
        else:
            differ.append(
                {"folder": str(folder), "in": [k for k in ended if ended[k] != expected[k]]}
            )
    return {"killed": killed, "same": same, "differ": differ}


if __name__ == "__main__":
    place, way, engine, kills, seed = sys.argv[1:]
    print(json.dumps(main(Path(place), way, engine, int(kills), int(seed))))
