"""`glassnet demo`: the whole way once, from real images to a saved network that reads them."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

import glassnet as gn
from glassnet.cli.show import show_commands, size_of

if TYPE_CHECKING:
    from glassnet.inspect import Mistakes

DIGITS = "0123456789"


def demo(
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another network.")] = 0,
) -> None:
    """Train a network to read digits, test it, and keep it.

    glassnet demo
    glassnet demo --seed 1 --folder /tmp/demo
    """
    from glassnet.cli.output import expect_writable

    path = expect_writable(folder / "digits.safetensors")
    picture = expect_writable(folder / "demo.png")
    data = gn.datasets.load("digits")
    print(f"1. Learn to read, from {len(data.train):,} images of handwritten digits", flush=True)
    model = gn.train(
        data,
        layers=[256],
        dropout=0.3,
        learning_rate=2e-3,
        schedule="cosine",
        epochs=40,
        seed=seed,
    )
    _test(model, data.test)
    model.save(path)
    print(f"\n3. Keep it: {path} ({size_of(path)}); a new process loads it, and is asked")
    _ask_anew(path)
    print(f"\n4. Look at it: {picture} shows how it learnt and what it misreads")
    _look(model, data, picture)
    print("\n5. Try next:")
    show_commands(*next_steps(folder))


def next_steps(folder: Path) -> list[list[str]]:
    """Name commands that go on from here."""
    digits, iris = str(folder / "digits.safetensors"), str(folder / "iris.safetensors")
    return [
        ["predict", digits, "digits", "--row", "3", "--all"],
        ["inspect", digits],
        ["plot", "confusion", digits, "--out", str(folder / "confusion.png")],
        ["train", "iris", "--out", iris],
        ["predict", iris, "5.1", "3.5", "1.4", "0.2"],
        ["datasets", "list"],
    ]


def _test(model: "gn.Model", test: "gn.Rows") -> None:
    """Print the figures and the confusion table on images that the network has not seen."""
    from glassnet.cli.evaluate import show_confusion
    from glassnet.training.history import describe

    print(f"\n2. Test it on {len(test)} images that it has never seen")
    print(f"   {describe(model.provenance['figures']['test'])}\n")
    show_confusion(model.confusion_table(test).tolist(), DIGITS)


def _ask_anew(path: Path) -> None:
    """Have another process load the model and read the test images."""
    asked = ["predict", str(path), "digits", "--format", "json"]
    show_commands(asked)
    command = [sys.executable, "-m", "glassnet", *asked]
    answers = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    right = sum(one["answer"] == one["truth"] for one in answers)
    print(f"   It answers {right} of {len(answers)} rightly.")


def _look(model: "gn.Model", data: "gn.Dataset", path: Path) -> None:
    """Draw the training and the mistakes; tell of the mistake of which the network was surest."""
    import numpy as np

    from glassnet.inspect import find_mistakes, plots

    x = np.asarray(data.test.x)
    found = find_mistakes(x, data.test.t, model.predict_proba(x))
    mistakes = plots.mistakes(found, data.inputs, DIGITS)
    plots.stack(plots.curves(model.provenance["history"]), mistakes).save(path)
    if len(found):
        _tell(found)


def _tell(found: "Mistakes") -> None:
    """Show the first mistake, and how much the network gave to which answer."""
    from glassnet.inspect.text import image_text

    row, truth, answer = (int(each[0]) for each in (found.rows, found.truth, found.answer))
    p = found.p[0]
    guesses = dict.fromkeys([*p.argsort()[:-4:-1].tolist(), truth])  # the best three, and the truth
    print(f"   Of this one it was surest, and wrong (row {row}): a {truth}, read as a {answer}\n")
    print(indent(image_text(found.x[0].reshape(8, 8)), " " * 6))
    shares = [f"{100 * p[k]:.1f} % to {k}{' (the truth)' * (k == truth)}" for k in guesses]
    print(f"\n   It gave {', '.join(shares)}.")
