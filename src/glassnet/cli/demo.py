"""`glassnet demo`: the whole way once, from real images to a saved network that reads them."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer

import glassnet as gn
from glassnet.cli.printing import show_commands, size_of

DIGITS = "0123456789"
SHOWN = ("accuracy", "precision", "recall", "f1")


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
    print(f"\n3. Keep it: {path} ({size_of(path)}), for a new process to load")
    _ask_anew(path)
    print(f"\n4. Look at it: {picture} shows how it learnt and what it misreads")
    _look(model, data, picture)
    print("\n5. Try next:")
    show_commands(*next_steps(folder))


def next_steps(folder: Path) -> list[list[str]]:
    """Name commands that go on from here."""
    digits, iris = str(folder / "digits.safetensors"), str(folder / "iris.safetensors")
    return [
        ["explain", digits, "--mistake", "--image", "why.png"],
        ["doctor", digits],
        ["inspect", digits],
        ["export", digits, "--to", "html"],
        ["train", "iris", "--out", iris],
        ["predict", iris, "5.1", "3.5", "1.4", "0.2"],
        ["recipe", "eleven-lines"],
    ]


def _test(model: "gn.Model", test: "gn.Rows") -> None:
    """Print the figures and the confusion table on images that the network has not seen."""
    from glassnet.cli.evaluate import show_confusion
    from glassnet.training.history import describe

    print(f"\n2. Test it on {len(test)} images that it has never seen")
    figures = model.provenance["figures"]["test"]
    print(f"   {describe({name: figures[name] for name in SHOWN})}\n")
    show_confusion(model.confusion_table(test).tolist(), DIGITS)


def _ask_anew(path: Path) -> None:
    """Have another process load the model and read the test images."""
    asked = ["predict", str(path), "digits", "--format", "json"]
    show_commands(asked)
    command = [sys.executable, "-m", "glassnet", *asked]
    answers = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    right = sum(one["class"] == one["truth"] for one in answers)
    print(f"   It answers {right} of {len(answers)} rightly.")


def _look(model: "gn.Model", data: "gn.Dataset", path: Path) -> None:
    """Draw the training and the mistakes; tell of the mistake of which the network was surest."""
    import numpy as np

    from glassnet import plots
    from glassnet.training import find_mistakes

    x = np.asarray(data.test.x)
    found = find_mistakes(x, data.test.t, model.predict_proba(x))
    mistakes = plots.mistakes(found, data.inputs, DIGITS)
    plots.stack(plots.curves(model.provenance["history"]), mistakes).save(path)
    if len(found):
        _tell(model, data, int(found.rows[0]))


def _tell(model: "gn.Model", data: "gn.Dataset", row: int) -> None:
    """Show a mistake: which pixels spoke for the wrong answer and which for the truth."""
    from glassnet.explanations.why_text import pixels_text

    told = model.explain(data.test.take([row]))
    (question,) = told.questions
    print(
        f"   Of this one it was surest, and wrong (row {row}): a {told.truth}, read as a "
        f"{question.answer}. Beside it,\n   the pixels that spoke for either.\n"
    )
    print(indent(pixels_text(told.x, question, gn.Images(8, 8)), " " * 6))
    p = told.probabilities
    guesses = sorted(p, key=lambda label: -p[label])[:3]
    shares = [
        f"{100 * p[label]:.1f} % to {label}{' (the truth)' * (label == told.truth)}"
        for label in dict.fromkeys([*guesses, told.truth])
    ]
    print(f"\n   It gave {', '.join(shares)}.")
