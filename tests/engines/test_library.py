"""The compiled engine's library: which module is taken, and what is said where there is none."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.engines import library
from glassnet.errors import SettingError

BUILT = Path(os.environ.get(library.FOLDER) or Path(library.__file__).parent)
HERE = library.report()
needs_modules = pytest.mark.skipif(not HERE.built, reason=f"native engine: {HERE.why}")
several = pytest.mark.skipif(len(HERE.built) < 3, reason="needs all of an x86-64 machine's modules")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder in which the library looks for modules; no module is asked for."""
    monkeypatch.setenv(library.FOLDER, str(tmp_path))
    monkeypatch.delenv(library.VARIABLE, raising=False)
    return tmp_path


def install(folder: Path, *names: str) -> None:
    """Put modules that were built into a folder."""
    for name in names:
        file = f"_native_{name}.abi3.so"
        shutil.copy(BUILT / file, folder / file)


def expected_of_this_processor() -> tuple[str, ...]:
    """What Linux says that the processor can do, by the levels of the x86-64 psABI."""
    flags = set(Path("/proc/cpuinfo").read_text().partition("\nflags")[2].split("\n")[0].split())
    levels = {
        "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
        "avx2": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"},
        "portable": set(),
    }
    return tuple(name for name, needed in levels.items() if needed <= flags)


@needs_modules
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_supported_is_what_the_processor_can_do() -> None:
    if platform.machine() == "x86_64":
        assert library.load("portable").supported() == expected_of_this_processor()
    else:
        assert library.load("portable").supported() == ("portable",)


@needs_modules
@pytest.mark.parametrize("name", library.INSTRUCTIONS)
def test_each_module_that_this_processor_can_run_loads(name: str) -> None:
    if name not in set(HERE.built) & set(HERE.supported):
        with pytest.raises(SettingError, match=name):
            library.load(name)
        return
    module = library.load(name)
    assert module.supported() == HERE.supported
    assert module.compiler
    assert module is library.load(name)


@needs_modules
def test_the_best_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(library.VARIABLE, raising=False)
    best = next(name for name in library.supported() if name in library.built())
    assert library.choose() == best
    assert library.load() is library.load(best)
    found = library.report()
    assert (found.used, found.compiler) == (best, library.load(best).compiler)


@needs_modules
def test_of_those_installed(folder: Path) -> None:
    install(folder, "portable")
    assert library.choose() == "portable"
    assert library.report().built == ("portable",)


@several
@pytest.mark.parametrize(
    ("able", "taken"),
    [
        (("avx512", "avx2", "portable"), "avx512"),
        (("avx2", "portable"), "avx2"),
        (("portable",), "portable"),
    ],
)
def test_of_those_that_the_processor_has(
    monkeypatch: pytest.MonkeyPatch, able: tuple[str, ...], taken: str
) -> None:
    monkeypatch.delenv(library.VARIABLE, raising=False)
    monkeypatch.setattr(library, "supported", lambda: able)
    assert library.choose() == taken


@needs_modules
def test_one_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, "portable")
    assert library.choose() == "portable"
    assert library.is_forced()
    assert library.report().used == "portable"


@pytest.mark.parametrize("asked", ["auto", "off", ""])
def test_what_forces_none(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv(library.VARIABLE, asked)
    assert not library.is_forced()


@several
def test_a_forced_one_that_the_processor_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "supported", lambda: ("avx2", "portable"))
    monkeypatch.setenv(library.VARIABLE, "avx512")
    message = "^GLASSNET_NATIVE: This processor does not have avx512. What it has is: avx2, portab"
    with pytest.raises(SettingError, match=message):
        library.load()
    assert library.report().used is None


@needs_modules
def test_a_forced_one_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    install(folder, "portable")
    (folder / library.MISSING).write_text("avx2: c++ said:\nit is old\n")
    monkeypatch.setenv(library.VARIABLE, "avx2")
    message = (
        "^GLASSNET_NATIVE: The native engine is not installed for avx2, only for portable. "
        "avx2: c\\+\\+ said: it is old With a C\\+\\+ compiler"
    )
    with pytest.raises(SettingError, match=message):
        library.load()


def test_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, "off")
    with pytest.raises(SettingError, match="switched off: GLASSNET_NATIVE is off"):
        library.load()
    assert library.report().used is None


@pytest.mark.parametrize("name", ["avx", "AVX2", "portable "])
def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(SettingError, match="There is no instruction set"):
        library.load(name)
    monkeypatch.setenv(library.VARIABLE, name)
    with pytest.raises(SettingError, match=r"There is no GLASSNET_NATIVE .* Known: auto, off, avx"):
        library.load()
    assert "There is no GLASSNET_NATIVE" in library.report().why


def test_without_any_the_builds_reason_is_told(folder: Path) -> None:
    (folder / library.MISSING).write_text("There was no C++ compiler: none of c++, g++.\n")
    for name in (None, "portable"):
        with pytest.raises(SettingError, match=r"not installed\. There was no C.*\. With a C\+\+"):
            library.load(name)
    found = library.report()
    assert (found.used, found.built, found.supported) == (None, (), ())
    assert "There was no C++ compiler" in found.why
    assert "pip install" in found.why


@needs_modules
def test_what_was_not_built_is_told_beside_what_was(folder: Path) -> None:
    install(folder, "portable")
    (folder / library.MISSING).write_text("avx512: c++ said: unknown value\n")
    found = library.report()
    assert (found.used, found.why) == ("portable", "avx512: c++ said: unknown value")


def test_a_damaged_module_is_told(folder: Path) -> None:
    (folder / "_native_portable.abi3.so").write_bytes(b"\x7fELF and then nothing")
    with pytest.raises(SettingError, match="cannot be loaded"):
        library.load()
    assert "cannot be loaded" in library.report().why


@needs_modules
def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys, json, glassnet, glassnet.engines.library as l\n"
        "glassnet.Trainer\n"
        "def loaded(): return [m for m in sys.modules if '_native' in m] + "
        "[k for k in open('/proc/self/maps') if '_native_' in k] * (sys.platform == 'linux')\n"
        "before = loaded(); l.load('portable')\n"
        "print(json.dumps([before, len(loaded())]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = json.loads(done.stdout)
    assert before == []
    assert sys.platform != "linux" or after


@needs_modules
@pytest.mark.skipif(not shutil.which("nm"), reason="needs nm")
@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF")
@pytest.mark.parametrize("name", HERE.built)
def test_a_module_shows_nothing_but_its_entrance(name: str) -> None:
    """Or one module might take another's template, with instructions that are not for this CPU."""
    told = subprocess.run(
        ["nm", "--dynamic", "--defined-only", str(BUILT / f"_native_{name}.abi3.so")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.split()[-1] for line in told.stdout.splitlines()] == [f"PyInit__native_{name}"]
