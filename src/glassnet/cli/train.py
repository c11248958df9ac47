"""`glassnet train`: from a data set to a model file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from glassnet.cli.training import Files, going_on, train_and_keep
from glassnet.defaults import (
    AUGMENTED_UPDATES,
    BATCH_SIZE,
    LARGE_BATCH_SIZE,
    MANY_ROWS,
    PATIENCE_PART,
    SMALL_TABLE_RATE,
    UNITS,
    UPDATES,
)
from glassnet.errors import SettingError


def _usual(many: bool, augmented: bool) -> str:
    """Write the units that are usual as --layers takes them."""
    return ",".join(map(str, UNITS[many, augmented]))


NETWORK, TRAINING, KEEPING = "The network", "The training", "What is kept and shown"
ON = "Learning on"
WHEN_LEARNING_ON = {
    "continue_", "folder", "out", "epochs", "learning_rate", "batch_size", "augment", "seed",
    "engine", "quiet",
}  # fmt: skip


def train(
    asked: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A data set: see `glassnet datasets list`."),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="64,32",
            help="Units of each hidden layer, or none for a linear model. Unless given: "
            f"{_usual(False, False)}, or {_usual(True, False)} from {MANY_ROWS:,} rows on; "
            f"{_usual(False, True)}, or {_usual(True, True)}, with --augment.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    activation: Annotated[
        str,
        typer.Option(
            help="After each hidden layer: relu, tanh, sigmoid, gelu, …", rich_help_panel=NETWORK
        ),
    ] = "relu",
    dropout: Annotated[
        float,
        typer.Option(help="The fraction dropped after each hidden layer.", rich_help_panel=NETWORK),
    ] = 0.0,
    dtype: Annotated[
        Literal["float32", "float64"],
        typer.Option(help="Of weights and sums.", rich_help_panel=NETWORK),
    ] = "float32",
    optimizer: Annotated[
        str,
        typer.Option(help="adam, adamw, sgd, rmsprop or adagrad.", rich_help_panel=TRAINING),
    ] = "adam",
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"Unless given, the optimiser's own; {SMALL_TABLE_RATE} for adam on tables below "
            f"{MANY_ROWS:,} rows.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        Literal["constant", "cosine"] | None,
        typer.Option(
            help="Of the rate; with cosine it falls to 0 over the training. Unless given, "
            "constant, or cosine with --augment.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    l2: Annotated[
        float, typer.Option(help="Strength of the L2 penalty.", rich_help_panel=TRAINING)
    ] = 0.0,
    clip_norm: Annotated[
        float | None,
        typer.Option(help="Clip gradients to this norm.", rich_help_panel=TRAINING),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            help=f"Times through the data; unless given, about {UPDATES:,} updates' worth, or "
            f"{AUGMENTED_UPDATES:,} with --augment.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help=f"Rows an update. Unless given: {BATCH_SIZE}, or {LARGE_BATCH_SIZE} from "
            f"{MANY_ROWS:,} rows on.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop when validation has not improved for so many epochs, and keep the best; 0 "
            f"never stops. Unless given, 1/{PATIENCE_PART} of the epochs where their number is not "
            "given either, nor --augment.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    augment: Annotated[
        bool,
        typer.Option(
            "--augment",
            help="Draw the training pictures otherwise in each epoch: shifted, turned, scaled, "
            "slanted, thicker or thinner, bent.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            help="Fixes initial weights, shuffling and dropout.", rich_help_panel=TRAINING
        ),
    ] = 0,
    engine: Annotated[
        str, typer.Option(help="What computes: auto, or one by name.", rich_help_panel=TRAINING)
    ] = "auto",
    continue_: Annotated[
        Path | None,
        typer.Option(
            "--continue",
            metavar="MODEL",
            help="Instead of DATA: a model that learns on, from the pictures in --data.",
            rich_help_panel=ON,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The pictures, DIR/LABEL/*.png; `glassnet serve --learn` keeps them so.",
            rich_help_panel=ON,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The model file; unless given, DATA.safetensors, or MODEL itself.",
            rich_help_panel=KEEPING,
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="A folder that gets last.safetensors and best.safetensors while it trains: to "
            "go on from, and models as they are.",
            rich_help_panel=KEEPING,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on from the checkpoint in --checkpoint, if there is one yet, to the same "
            "model, bit for bit. DATA and all settings come from it.",
            rich_help_panel=KEEPING,
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            help="A folder that gets the whole run: see `glassnet runs`.", rich_help_panel=KEEPING
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="A file that gets one JSON object an epoch.", rich_help_panel=KEEPING),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="A folder that gets event files.", rich_help_panel=KEEPING),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Say nothing but errors.", rich_help_panel=KEEPING)
    ] = False,
) -> None:
    """Train a network on a data set, and keep it in a file.

    Everything has a default. Ctrl-C ends training early and keeps what has been learnt. Where an
    error ends it, the last good weights go to NAME.last-good.safetensors.

        glassnet train iris
        glassnet train digits --layers 64,32 --dropout 0.2 --epochs 20
        glassnet train diabetes --l2 0.01 --out runs/diabetes.safetensors
        glassnet train mnist --augment --checkpoint kept
        glassnet train --checkpoint kept --resume
        glassnet train --continue mnist.safetensors --data kept

    With --continue the model keeps its architecture and learns from the pictures in DIR, beside the
    data that it learnt from before, where that is at hand, so that nothing is forgotten. It says
    how many it gets right, before and after.
    """
    given = _given(asked)
    _expect_one_way(asked, given)
    if continue_:
        from glassnet.cli.learning_on import learn_on

        learn_on(
            continue_,
            folder,
            out,
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=batch_size,
            augment=augment or None,
            seed=seed,
            engine=engine,
            quiet=quiet,
        )
        return
    settings = {
        "layers": _units(layers), "activation": activation, "dropout": dropout,
        "optimizer": optimizer, "learning_rate": learning_rate, "schedule": schedule, "l2": l2,
        "clip_norm": clip_norm, "epochs": epochs, "batch_size": batch_size, "patience": patience,
        "augment": augment, "seed": seed, "dtype": dtype, "engine": engine,
    }  # fmt: skip
    files = Files(out, checkpoint, record, log, tensorboard)
    if resume:
        chosen = {name: value for name, value in settings.items() if name in given}
        data, files = going_on(data, files, chosen)
    train_and_keep(str(data), files, settings, resume=resume, quiet=quiet)


def _given(asked: typer.Context) -> dict[str, str]:
    """Return what stands on the command line: its options by the names of the parameters."""
    return {
        name: next(iter(parameter.opts))
        for parameter in asked.command.params
        if (name := parameter.name)
        and (source := asked.get_parameter_source(name))
        and source.name == "COMMANDLINE"
    }


def _expect_one_way(asked: typer.Context, given: dict[str, str]) -> None:
    """Raise SettingError unless a data set is learnt, a model learns on, or training goes on."""
    if "continue_" not in given:
        if "folder" in given:
            raise SettingError(
                "--data is what a model learns on from: say which, --continue MODEL."
            )
        if "resume" in given and "checkpoint" not in given:
            raise SettingError(
                "--resume goes on from a checkpoint: say in which folder it is, --checkpoint DIR."
            )
        if "data" not in given and "resume" not in given:
            asked.fail("Missing argument 'DATA'")
    elif "data" in given:
        raise SettingError("--continue learns from --data, and what MODEL says: leave out DATA.")
    elif own := [option for name, option in given.items() if name not in WHEN_LEARNING_ON]:
        raise SettingError(
            f"--continue keeps the network of MODEL, and how it learns: leave out {', '.join(own)}."
        )


def _units(layers: str | None) -> list[int] | None:
    if layers is None:
        return None
    if layers == "none":
        return []
    try:
        return [int(units) for units in layers.split(",")]
    except ValueError:
        raise SettingError(
            f"--layers expects whole numbers with commas between, such as 64,32, got {layers!r}."
        ) from None
