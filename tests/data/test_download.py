import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glassnet.data.download import VARIABLE, cache_folder, download, own_folder
from glassnet.errors import DataError, DownloadError, FileError, MissingExtraError
from tests.data.conftest import Mirror

RIGHT = b"right" * 1000


def check(path: Path) -> None:
    if path.read_bytes() != RIGHT:
        raise DataError("wrong content")


def get(target: Path, *mirrors: Mirror) -> None:
    download(target, [mirror.url for mirror in mirrors], check, advice="Put it there yourself.")


@pytest.fixture
def target(cache: Path) -> Path:
    return cache / "set" / "file.gz"


def serving(new_mirror: Callable[[], Mirror], content: bytes = RIGHT) -> Mirror:
    mirror = new_mirror()
    mirror.files["/file.gz"] = content
    return mirror


def test_the_first_mirror_serves(target: Path, new_mirror: Callable[[], Mirror]) -> None:
    first, second = serving(new_mirror), serving(new_mirror)
    get(target, first, second)
    assert target.read_bytes() == RIGHT
    assert (first.asked, second.asked) == (["/file.gz"], [])


def lacking(mirror: Mirror) -> None:
    mirror.files.clear()


def lying(mirror: Mirror) -> None:
    mirror.files["/file.gz"] = b"wrong"


def breaking_off(mirror: Mirror) -> None:
    mirror.cut_after = 100


@pytest.mark.parametrize("fail", [lacking, lying, breaking_off])
def test_the_second_mirror_serves_when_the_first_fails(
    target: Path, new_mirror: Callable[[], Mirror], fail: Callable[[Mirror], None]
) -> None:
    first, second = serving(new_mirror), serving(new_mirror)
    fail(first)
    get(target, first, second)
    assert first.asked == second.asked == ["/file.gz"]
    assert [path.name for path in target.parent.iterdir()] == ["file.gz"]


@pytest.mark.parametrize("fail", [lacking, lying, breaking_off])
def test_a_failure_names_file_mirror_and_advice_and_leaves_nothing(
    target: Path, new_mirror: Callable[[], Mirror], fail: Callable[[Mirror], None]
) -> None:
    mirror = serving(new_mirror)
    fail(mirror)
    with pytest.raises(DownloadError, match=rf"No mirror gave file\.gz: {mirror.url} .*yourself"):
        get(target, mirror)
    assert list(target.parent.iterdir()) == []


def test_a_mirror_that_is_down_is_passed_over(
    target: Path, new_mirror: Callable[[], Mirror]
) -> None:
    mirrors = ["http://127.0.0.1:9/", serving(new_mirror).url]
    download(target, mirrors, check, advice="")
    assert target.read_bytes() == RIGHT


def test_a_folder_that_cannot_be_made_is_a_file_error(cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(FileError, match="Cannot write"):
        get(cache / "set" / "file.gz")


def test_the_own_folder_is_looked_for_where_the_variable_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mnist").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert own_folder("mnist") == tmp_path / "mnist"
    assert own_folder("boston") is None
    monkeypatch.delenv(VARIABLE)
    assert own_folder("mnist") is None


def test_without_pooch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'glassnet\[data\]'"):
        cache_folder("mnist")
