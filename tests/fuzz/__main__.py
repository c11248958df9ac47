"""Load mutants of sealed files, and tell what came of it.

    python -m tests.fuzz --models 1000000 --checkpoints 100000

Whatever a file holds, reading it gives one of our errors or something that can be used; no other
file, process or socket is opened meanwhile, nothing is imported or compiled, and memory stays where
it is. A mutant is made from the seed and its number alone: --first 1234 --models 1 makes one again.
"""

from __future__ import annotations

import argparse
import difflib  # noqa: F401  # what an error imports late
import json
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.training.checkpoint import read_checkpoint
from tests.fuzz.mutants import Mutant, Original, mutant
from tests.gallery.asking import GALLERY, restless

SPARE = 1 << 30
"""So many bytes of addresses there are beyond what was taken when the first mutant was read."""

SAVED_ONCE_IN, LEARNT_ONCE_IN, MOST_TOLD = 50, 50, 20
INSIDE = {"builtins.id", "object.__getattr__", "object.__setattr__", "object.__delattr__",
          "sys._getframe", "fcntl.flock"}  # fmt: skip
"""What Python tells an audit hook of that reaches nothing else: a lock is on what was opened."""


@dataclass
class Report:
    """What came of the mutants.

    came        how many of each kind were "refused", the "same" as the original, or "usable"
    strange     what must not be, the first of it
    grown       bytes by which the process grew
    slowest     seconds of the processor that one mutant took
    """

    models: int = 0
    checkpoints: int = 0
    came: dict[str, dict[str, int]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)
    grown: int = 0
    slowest: float = 0.0
    seconds: float = 0.0

    def count(self, kind: str, what: str) -> None:
        of_kind = self.came.setdefault(kind, {})
        of_kind[what] = of_kind.get(what, 0) + 1


class Watch:
    """An audit hook, which cannot be taken off again: it notes what reaches out of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.seen: Counter[str] = Counter()
        self.on = False
        sys.addaudithook(self._look)

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or event in INSIDE:
            return
        if args and isinstance(args[0], str) and args[0].startswith(self.folder):
            return
        self.seen[f"{event} {str(args)[:200]}"] += 1


class Fuzz:
    """Loads mutants of one kind of file."""

    def __init__(
        self,
        paths: list[Path],
        read: Callable[[Path], Any],
        parts: Callable[[Any], Any],
        use: Callable[[Any, Path, int], None],
    ) -> None:
        self.originals = [Original.read(path) for path in paths]
        self.read, self.parts, self.use = read, parts, use
        self.whole = []
        for path in paths:
            found = read(path)
            use(found, path, 1)  # what is imported late is imported now
            self.whole.append(parts(found))

    def run(self, number: int, seed: int, path: Path, report: Report) -> None:
        """Read one mutant from `path`."""
        random = Random(seed << 40 | number)
        which = random.randrange(len(self.originals))
        made = mutant(self.originals[which], random)
        _write(path, made.data)
        report.count(made.kind, self._came_of(made, which, path, number))

    def _came_of(self, made: Mutant, which: int, path: Path, number: int) -> str:
        try:
            found = self.read(path)
        except gn.GlassnetError as error:
            str(error).encode()  # or nobody could write it down
            return "refused"
        if not made.sealed:
            if not alike(self.parts(found), self.whole[which]):
                raise AssertionError("an unsealed change was read as something else")
            return "same"
        self.use(found, path, number)
        return "usable"


def use_model(model: gn.Model, path: Path, number: int) -> None:
    """Ask a model, and keep and load it again now and then: all works, or is one of our errors."""
    x = np.zeros((2, model.inputs.size))
    try:
        for answer in model.answers(x):
            json.dumps(answer.to_json(), allow_nan=False)
    except gn.GlassnetError:
        return
    if number % SAVED_ONCE_IN == 0:
        again = path.with_name("again")
        model.save(again)
        if not alike(_of_model(gn.load(again)), _of_model(model)):
            raise AssertionError("a model that was saved and loaded is another one")


class Learner:
    """Goes on from checkpoints, with a trainer for each optimiser that it meets."""

    def __init__(self) -> None:
        self.trainers = {
            name: gn.Trainer(restless(), gn.SoftmaxCrossEntropy(), name, engine="numpy")
            for name in ("sgd", "rmsprop", "adagrad", "adam", "adamw")
        }
        self.momentum = gn.Trainer(
            restless(), gn.SoftmaxCrossEntropy(), gn.SGD(0.1, momentum=0.9, nesterov=True),
            engine="numpy",
        )  # fmt: skip

    def use(self, kept: Any, path: Path, number: int) -> None:
        """Go on from a checkpoint: it works, or is one of our errors."""
        name = str(kept.optimizer.get("class")).lower()
        trainer = self.momentum if name == "sgd" else self.trainers.get(name, self.momentum)
        x = np.linspace(-1, 1, 32).reshape(8, 4)
        try:
            trainer.resume(path)
            if number % LEARNT_ONCE_IN == 0:
                t = np.arange(8) % 3
                trainer.fit((x, t), epochs=1, batch_size=8, progress=False, train_metrics=False)
        except gn.GlassnetError:
            return


def alike(a: Any, b: Any) -> bool:
    """Say whether two things hold the same numbers and texts, of the same types."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        same_form = a.dtype == b.dtype and a.shape == b.shape
        return same_form and bool(a.tobytes() == b.tobytes())
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if is_dataclass(a):
        return all(alike(getattr(a, one.name), getattr(b, one.name)) for one in fields(a))
    if hasattr(a, "__dict__"):
        return alike(vars(a), vars(b))
    return bool(a == b)


def _of_model(model: gn.Model) -> Any:
    experience = model.experience and model.experience.to_file()
    parts = (model.network.config(), model.network.arrays(), experience)
    return (*parts, model.inputs, model.outputs, model.provenance)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(data)


def _exhibits(kind: str) -> list[Path]:
    return sorted(GALLERY.glob(f"*/{kind}/*.safetensors"))


def main() -> int:
    """Print the report as JSON; the status is 1 if anything strange was seen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--checkpoints", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="The number of the first mutant.")
    asked = parser.parse_args()
    warnings.simplefilter("error")
    report = Report(asked.models, asked.checkpoints)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as made:
        folder = Path(made)
        models = Fuzz(_exhibits("models"), gn.load, _of_model, use_model)
        checkpoints = Fuzz(_exhibits("checkpoints"), read_checkpoint, lambda kept: kept,
                           Learner().use)  # fmt: skip
        watch = Watch(folder)
        for fuzz in (models, checkpoints):  # and what is imported for the sake of a message
            for number in range(2000, 2200):
                fuzz.run(number, -1 & 0xFF, folder / "warm", Report())
        limit = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_addresses() + SPARE, limit[1]))
        before, began = _peak(), time.monotonic()
        with suppress(KeyboardInterrupt):  # Ctrl-C ends it, and tells what was seen
            for fuzz, count in ((models, asked.models), (checkpoints, asked.checkpoints)):
                for number in range(asked.first, asked.first + count):
                    _one(fuzz, number, asked.seed, folder, watch, report)
        report.grown, report.seconds = _peak() - before, time.monotonic() - began
    print(json.dumps(asdict(report), indent=1))
    return bool(report.strange)


def _one(fuzz: Fuzz, number: int, seed: int, folder: Path, watch: Watch, report: Report) -> None:
    began = time.process_time()
    watch.on = True
    try:
        fuzz.run(number, seed, folder / "mutant", report)
    except Exception:
        watch.on = False
        _tell(report, f"{fuzz.read.__name__} {number}: {traceback.format_exc()}")
    finally:
        watch.on = False
    report.slowest = max(report.slowest, time.process_time() - began)
    if watch.seen:
        _tell(report, f"{fuzz.read.__name__} {number} reached out: {dict(watch.seen)}")
        watch.seen.clear()


def _tell(report: Report, what: str) -> None:
    if len(report.strange) < MOST_TOLD:
        report.strange.append(what)
        print(what, file=sys.stderr)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _addresses() -> int:
    """Bytes of addresses that the process has taken."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
