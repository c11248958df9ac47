"""MNIST and Fashion-MNIST: 70,000 images of 28 x 28 pixels in ten classes, as four IDX files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.download import VARIABLE, cache_folder, download, own_folder
from glassnet.data.idx import content_sha256, file_sha256, read_idx
from glassnet.data.meaning import Classes, Images
from glassnet.data.pixels import Pixels
from glassnet.data.rows import Rows
from glassnet.errors import DataError, DownloadError
from glassnet.files import as_path
from glassnet.types import Array

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class IdxImages:
    """A data set of four IDX files: images and labels, to learn from and to be judged by.

    sha256: the digest of each file, of what `digest_of` says: the unpacked content, whatever its
    wrapper, or the gzip file itself, where nothing else was published.
    mirrors: addresses to which the name of a file is added, in the order in which they are tried.
    validation: how many rows at the end of the training files are set aside.
    framing: how a drawing becomes such an image, as in Images.

    The files, gzipped or not, are looked for in the folder given, or else in $GLASSNET_DATA/name,
    then in the user's cache, to which they are downloaded. A file of wrong content is never used.
    """

    name: str
    labels: tuple[str, ...]
    source: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]
    digest_of: Literal["content", "file"]
    validation: int = 10_000
    framing: str = ""

    def load(self, folder: str | Path | None = None) -> Dataset:
        """The data set, its images as Pixels.

        Raises DataError for a file of wrong content, and what `fetch` raises.
        """
        place = self.fetch(folder)
        images, labels, test_images, test_labels = (
            self._read(file, path) for file, path in self._found(place).items()
        )
        learn = len(images) - self.validation
        _, height, width = images.shape
        return Dataset(
            self.name,
            train=_rows(images[:learn], labels[:learn]),
            validation=_rows(images[learn:], labels[learn:]),
            test=_rows(test_images, test_labels),
            inputs=Images(height, width, framing=self.framing),
            outputs=Classes(self.labels),
            source=self.source,
        )

    def fetch(self, folder: str | Path | None = None) -> Path:
        """The folder that holds the four files, after downloading to the cache what is nowhere.

        Raises DownloadError for a folder given that lacks a file, or when no mirror has one;
        MissingExtraError where downloading needs pooch and it is not installed.
        """
        if folder is not None:
            if missing := self._missing(as_path(folder)):
                raise DownloadError(f"{folder} lacks {', '.join(missing)}. {self._advice}")
            return as_path(folder)
        own = own_folder(self.name)
        if own and not self._missing(own):
            return own
        cache = cache_folder(self.name)
        for file in self._missing(cache):
            check = partial(self._read, file)
            download(cache / f"{file}.gz", self.mirrors, check, advice=self._advice)
        return cache

    def _found(self, folder: Path) -> dict[str, Path]:
        """Those of the four files that are in a folder, in the order in which they are named."""
        found = {}
        for file in self.sha256:
            for path in (folder / file, folder / f"{file}.gz"):
                if path.exists():
                    found[file] = path
        return found

    def _missing(self, folder: Path) -> list[str]:
        """Those of the four files that are not in a folder."""
        found = self._found(folder)
        return [file for file in self.sha256 if file not in found]

    def _read(self, file: str, path: Path) -> Array:
        """The array of one of the four files, if it is what was published."""
        if self.digest_of == "file":  # before anything of it is unpacked
            self._check(file, path, file_sha256(path))
        array = read_idx(path)
        if self.digest_of == "content":
            self._check(file, path, content_sha256(array))
        return array

    def _check(self, file: str, path: Path, digest: str) -> None:
        if digest != self.sha256[file]:
            raise DataError(
                f"{path} is not the published {file} of {self.name}: the SHA-256 of its "
                f"{self.digest_of} is {digest}, expected {self.sha256[file]}. Get it again."
            )

    @property
    def _advice(self) -> str:
        files = ", ".join(f"{file}.gz" for file in self.sha256)
        return (
            f"Put {files} into a folder {self.name!r} and set {VARIABLE} to the folder around it, "
            "or pass folder=."
        )


def _rows(images: Array, labels: Array) -> Rows:
    """Images (N, height, width) and labels (N,), both uint8, as rows of pixels and classes."""
    return Rows(Pixels(images.reshape(len(images), -1)), labels.astype(np.int64))


MNIST = IdxImages(
    name="mnist",
    labels=tuple("0123456789"),
    source="Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits, 1998",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256={
        TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    digest_of="content",
    framing="mass",
)

FASHION_MNIST = IdxImages(
    name="fashion-mnist",
    labels=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    source="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017 (MIT licence)",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    sha256={
        TRAIN_IMAGES: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        TRAIN_LABELS: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        TEST_IMAGES: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        TEST_LABELS: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    digest_of="file",
)
"""Only the gzip files of Fashion-MNIST have published digests (SHA-256: TensorFlow Datasets; MD5:
the project's README). So it is those that are verified: unpacked, or packed anew, the same images
are refused.
"""
