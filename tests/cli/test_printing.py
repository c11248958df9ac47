import shutil
import sys
from pathlib import Path

import pytest

from glassnet.cli.format import show_entry
from glassnet.cli.printing import complain, program, show_table, size_of, warn


def test_the_program_is_called_by_its_name_where_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "bin" / "glassnet"
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))
    monkeypatch.chdir(tmp_path)
    assert program() == "bin/python -m glassnet"
    own.parent.mkdir()
    own.touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert program() == "bin/glassnet"
    monkeypatch.setattr(shutil, "which", lambda _: str(own))
    assert program() == "glassnet"


def test_a_terminal_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show_table(["name", "n"], [["[bold]a", "1"]])
    out = capsys.readouterr().out
    assert "[bold]a" in out
    assert "──" in out


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_shown_commands_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    evil = "\x1b[2J\x9b1m\x07\u202e\ud800\nb"
    show_table([evil], [[evil]])
    show_entry(evil, evil)
    complain(evil)
    warn(evil)
    told = "".join(capsys.readouterr())
    for command in ("\x1b[2J", "\x9b", "\x07", "\u202e", "\ud800"):
        assert command not in told
    assert told.count("\\x1b[2J\\x9b1m\\x07\\u202e\\ud800\\nb") == 2
    assert told.count("\\x1b[2J\\x9b1m\\x07\\u202e\\ud800 b") == 4


def test_sizes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(1500))
    assert size_of(file) == "1.5 kB"
    file.write_bytes(bytes(2_000_000))
    assert size_of(file) == "2.0 MB"
