"""The program: its commands, and what becomes of what goes wrong in them."""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TextIO, cast

import typer
from typer.core import TyperGroup

import glassnet as gn
from glassnet.cli import datasets, runs
from glassnet.cli.check import check
from glassnet.cli.command import Command, Making, with_examples
from glassnet.cli.demo import demo
from glassnet.cli.doctor import doctor
from glassnet.cli.environment import bear_limits, lacks_memory, open_streams
from glassnet.cli.evaluate import evaluate
from glassnet.cli.explain import explain
from glassnet.cli.export import export
from glassnet.cli.inspect import inspect
from glassnet.cli.plot import plot
from glassnet.cli.predict import predict
from glassnet.cli.printing import complain
from glassnet.cli.recipe import recipe
from glassnet.cli.serve import serve
from glassnet.cli.train import train
from glassnet.errors import FileError, GlassnetError
from glassnet.showing import Shown

FAILED, INTERRUPTED = 2, 130
NO_ROOM = "There is too little memory for this."
MAKING = (demo, train, recipe)
"""Commands that make files; what they print is only told."""
UsageError: Any = typer.BadParameter.__base__
"""What Typer raises for arguments that it cannot read; it exports only those below."""


class Program(TyperGroup):
    """The commands. What goes wrong on purpose is one line on the error stream, and a status."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read what stands before the command."""
        with _told_in_one_line():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with _told_in_one_line():
            result = super().invoke(ctx)
            sys.stdout.flush()  # here, where what cannot be written is still told
            return result


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    status = FAILED
    try:
        yield
        return
    except GlassnetError as error:
        message = _with_what_was_kept(error)
    except UsageError as error:
        if type(error).show is not UsageError.show:  # it shows the help: nothing was asked for
            raise
        message = error.format_message().rstrip(".?")
        message = f"{message}. See: {error.ctx.command_path} --help"
    except MemoryError as error:
        message = f"{NO_ROOM} {_with_what_was_kept(error)}"
    except OSError as error:
        if error.errno == errno.EPIPE:  # a reader that has gone: Typer bears it
            raise
        message = _with_what_was_kept(error, f"Cannot read or write: {error}.")
        sys.stdout = io.StringIO()  # or Python would try again at the end
    except (ImportError, RuntimeError, SystemError) as error:
        if not lacks_memory(error):
            raise
        message = NO_ROOM
    except KeyboardInterrupt as interrupt:
        message = f"Interrupted. {_with_what_was_kept(interrupt)}"
        status = getattr(interrupt, "status", INTERRUPTED)
    _complain(message)
    raise typer.Exit(status)


def _with_what_was_kept(error: BaseException, message: str | None = None) -> str:
    """Add to an error's message where what was learnt is, if training was ended by it."""
    message = str(error) if message is None else message
    return f"{message} {getattr(error, 'kept', '')}".strip()


def _complain(message: str) -> None:
    """Say what went wrong, by simpler means where there is no memory for what `complain` needs."""
    try:
        complain(message)
    except (MemoryError, ImportError):
        plain = "".join(letter for letter in " ".join(message.split()) if letter.isprintable())
        os.write(2, f"glassnet: {plain}\n".encode("ascii", "backslashreplace"))


def new_app(cls: type[TyperGroup], about: str | None) -> typer.Typer:
    """Make a group of commands with plain help."""
    return typer.Typer(
        cls=cls,
        help=with_examples(about),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def add(app: typer.Typer, *commands: Callable[..., None]) -> None:
    """Give an app its commands, in this order."""
    for command in commands:
        name = command.__name__.rstrip("_")
        cls = Making if command in MAKING else Command
        app.command(name, cls=cls, help=with_examples(command.__doc__))(command)


def main() -> None:
    """Run the program with the arguments of the command line, and exit."""
    try:
        open_streams()
    except FileError as error:
        complain(str(error))
        sys.exit(FAILED)
    bear_limits()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a label that the terminal cannot write is shown
            stream.reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, Shown):  # a program may call this one several times
        sys.stderr = cast(TextIO, Shown(sys.stderr))
    app(prog_name="glassnet")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glassnet {gn.__version__}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Neural networks you can see through: train, check, look inside, keep.

    Start with one of these:

        glassnet demo
        glassnet train iris
        glassnet datasets list

    Each command explains itself: glassnet train --help
    """


app = new_app(Program, _program.__doc__)
app.callback(help=with_examples(_program.__doc__))(_program)
add(app, demo, train, evaluate, predict, explain, check, doctor, inspect, plot, recipe)
add(app, serve, export)
shelf = new_app(TyperGroup, datasets.__doc__)
add(shelf, datasets.list_, datasets.show, datasets.fetch)
app.add_typer(shelf, name="datasets")
records = new_app(TyperGroup, runs.__doc__)
add(records, runs.list_, runs.show, runs.compare)
app.add_typer(records, name="runs")
