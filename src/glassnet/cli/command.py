"""Command: how a command reads its arguments, and how it explains itself."""

import errno
import sys
from inspect import cleandoc
from textwrap import dedent, indent
from typing import Any, TextIO, cast

from typer.core import TyperCommand

from glassnet.cli.arguments import is_number
from glassnet.cli.environment import make_room_for_arithmetic
from glassnet.cli.printing import warn
from glassnet.showing import Shown


class Command(TyperCommand):
    """A command that takes negative numbers, and lists its options under headings of their own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; a negative number is a value, not an option."""
        ctx.ignore_unknown_options = any(arg.startswith("-") and is_number(arg) for arg in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, once what it computes with has the memory that it needs."""
        make_room_for_arithmetic()
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            group = getattr(parameter, "rich_help_panel", None) or usual
            if record := parameter.get_help_record(ctx):
                groups.setdefault(group, []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Making(Command):
    """A command that makes files: what cannot be printed of them is left out, and nothing lost."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, though nobody reads what it prints."""
        shown = Shown(sys.stdout)
        sys.stdout = cast(TextIO, shown)
        result = super().invoke(ctx)
        shown.flush()
        if shown.lost is None:
            sys.stdout = cast(TextIO, shown.stream)
        elif getattr(shown.lost, "errno", None) not in (errno.EPIPE, errno.EIO):
            warn(f"Not everything could be printed: {shown.lost}. All files were written.")
        return result


def with_examples(docstring: str | None) -> str:
    """Turn a docstring into a help text in which the examples, commands one a line, stay lines."""
    paragraphs = [dedent(text) for text in cleandoc(docstring or "").split("\n\n")]
    return "\n\n".join(
        "\b\n" + indent(text, "  ") if text.startswith("glassnet ") else text for text in paragraphs
    )
