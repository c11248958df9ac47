"""`glassnet serve`: models over HTTP, with a page to try them on."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.errors import SettingError

if TYPE_CHECKING:
    from glassnet.serve import Models, Settings

VARIABLE = "GLASSNET_TOKEN"
WHO, LIMITS, KEPT = "Who may ask", "How much", "What is kept and written"


def serve(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help="Model files; the first answers unless named."),
    ],
    host: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0 for every address of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar=VARIABLE,
            help="Whoever asks must know it; auto makes one up and shows it.",
            rich_help_panel=WHO,
        ),
    ] = None,
    no_token: Annotated[
        bool,
        typer.Option("--no-token", help="Let all who reach it ask.", rich_help_panel=WHO),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name by which it is called.", rich_help_panel=WHO),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="https://example.org",
            help="A page of another address that may ask.",
            rich_help_panel=WHO,
        ),
    ] = None,
    max_body: Annotated[int, typer.Option(help="Bytes of a request.", rich_help_panel=LIMITS)] = 1
    << 20,
    max_rows: Annotated[
        int, typer.Option(help="Rows of a request.", rich_help_panel=LIMITS)
    ] = 1000,
    max_pixels: Annotated[
        int, typer.Option(help="Pixels of a picture.", rich_help_panel=LIMITS)
    ] = 4_000_000,
    max_memory: Annotated[
        str | None,
        typer.Option(
            metavar="512M",
            help="Bytes that a model file may have, and that a row may take on its way through the "
            "network; 1G unless GLASSNET_MAX_MEMORY says otherwise.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds for a request.", rich_help_panel=LIMITS)
    ] = 10.0,
    queue: Annotated[
        int, typer.Option(help="Requests accepted and not yet answered.", rich_help_panel=LIMITS)
    ] = 128,
    rate: Annotated[
        float,
        typer.Option(help="Requests a second of one client; 0 for any.", rich_help_panel=LIMITS),
    ] = 100.0,
    burst: Annotated[
        int, typer.Option(help="How many of them at once.", rich_help_panel=LIMITS)
    ] = 200,
    connections: Annotated[
        int, typer.Option(help="Open at the same time.", rich_help_panel=LIMITS)
    ] = 2000,
    drain: Annotated[
        float,
        typer.Option(help="Seconds to answer the rest in, when stopped.", rich_help_panel=LIMITS),
    ] = 5.0,
    learn: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the drawings that people correct.",
            rich_help_panel=KEPT,
        ),
    ] = None,
    json_logs: Annotated[
        bool,
        typer.Option("--json-logs", help="Write the log as JSON lines.", rich_help_panel=KEPT),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Write no log.", rich_help_panel=KEPT)
    ] = False,
) -> None:
    """Serve models over HTTP: rows or pictures in, answers out, and a page to try them on.

    Only this machine can ask, unless --host says otherwise; then a token is asked for. A model file
    that is replaced is served from then on. Ctrl-C answers what was asked, and stops.

        glassnet serve digits.safetensors
        glassnet serve digits.safetensors iris.safetensors --port 9000 --learn drawn
        glassnet serve digits.safetensors --host 0.0.0.0 --token auto
    """
    from glassnet.serve.settings import Settings, is_loopback

    settings = Settings(
        host=host,
        port=port,
        token=_token(host, is_loopback(host), token, no_token),
        allowed_hosts=tuple(allow_host or ()),
        allowed_origins=tuple(allow_origin or ()),
        most_body=max_body,
        most_rows=max_rows,
        most_pixels=max_pixels,
        timeout=timeout,
        queue=queue,
        rate=rate,
        burst=burst,
        connections=connections,
        drain=drain,
        learn=learn,
        log="json" if json_logs else "off" if quiet else "text",
    )
    _expect_folder(learn)
    from glassnet.serve import Models, create_app
    from glassnet.serve.http.server import serve as run

    served = Models(models, max_memory)  # read once it listens
    app = create_app(served, settings)
    told = partial(_announce, served, settings, token == "auto")
    if status := run(app, settings, announce=told):
        raise typer.Exit(status)


def _token(host: str, loopback: bool, token: str | None, no_token: bool) -> str:
    """Decide on a token. Raises SettingError where others could ask and nothing was said of it."""
    if no_token and token:
        raise SettingError(f"--no-token and a token (--token or {VARIABLE}): give one of them.")
    if token == "auto":
        from secrets import token_urlsafe

        return token_urlsafe(18)
    if token or no_token or loopback:
        return token or ""
    raise SettingError(
        f"With --host {host} other machines can ask. Give a token for them to know (--token auto "
        f"makes one up; {VARIABLE} may hold one), or let them all ask with --no-token."
    )


def _expect_folder(learn: Path | None) -> None:
    """Make the folder for corrections now, while somebody looks."""
    if learn is None:
        return
    try:
        learn.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"Cannot keep drawings in {learn}: {error.strerror or error}. Name another folder."
        ) from error


def _announce(models: "Models", settings: "Settings", show: bool, port: int) -> None:
    """Say in one line where it is and what it serves; with the token, where it was made up."""
    from glassnet.text import plain

    told = ", ".join(
        f"{served.name} ({served.accuracy})" if served.accuracy else served.name
        for served in models
    )
    secret = f"/#token={settings.token}" if show else ""
    print(f"{settings.address(port)}{secret} serves {plain(told)}", flush=True)
