"""Files that are kept on this machine or fetched from mirrors, and never used unverified."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from glassnet.errors import DataError, DownloadError, FileError, missing_extra

VARIABLE = "GLASSNET_DATA"
"""The environment variable that names the folder in which people keep data sets."""


def own_folder(name: str) -> Path | None:
    """The folder of one data set under $GLASSNET_DATA, or None where there is none."""
    root = os.environ.get(VARIABLE)
    folder = Path(root, name) if root else None
    return folder if folder and folder.is_dir() else None


def cache_folder(name: str) -> Path:
    """The folder in which downloads of one data set are kept: the user's cache, by pooch.

    Raises MissingExtraError without pooch.
    """
    try:
        import pooch
    except ImportError as error:
        feature = f"{name} is in no folder here (${VARIABLE} names none that has it); downloading"
        raise missing_extra(feature, "pooch", "data") from error
    return Path(pooch.os_cache("glassnet")) / name


def download(
    target: Path, mirrors: Sequence[str], check: Callable[[Path], object], *, advice: str
) -> None:
    """Get a file from the first mirror that has the right one, and only then give it its name.

    target: where it is to be; its name, put behind a mirror's address, is the URL.
    check: raises DataError for wrong content.   advice: what to do when no mirror serves.

    Raises DownloadError when every mirror is down or serves something else, FileError when the
    folder cannot be written.
    """
    from pooch import HTTPDownloader
    from pooch.utils import temporary_file

    get = HTTPDownloader(chunk_size=1 << 16)
    failures = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            with temporary_file(target.parent) as part:
                try:
                    get(mirror + target.name, part, None)
                    check(Path(part))
                except (DataError, OSError) as error:
                    failures.append(f"{mirror} ({error})")
                else:
                    Path(part).replace(target)
                    return
    except OSError as error:
        raise FileError(f"Cannot write {target}: {error.strerror or error}.") from error
    raise DownloadError(f"No mirror gave {target.name}: {'; '.join(failures)}. {advice}")
