"""The small real data sets that scikit-learn brings along."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.meaning import Classes, Features, Images, Outputs, Values
from glassnet.data.pixels import Pixels


def digits() -> Dataset:
    """Handwritten digits, 8 x 8 pixels of 0..16, always split alike: 70, 10 and 20 %."""
    from sklearn.datasets import load_digits

    source = load_digits()
    return Dataset.split(
        "digits",
        Pixels(source.data.astype(np.uint8), maximum=16),
        source.target,
        inputs=Images(8, 8, maximum=16, framing="blocks"),
        outputs=_classes(source),
        validation=0.1,
        test=0.2,
        source="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
    )


def iris(seed: int = 0) -> Dataset:
    """Sepals and petals of three species."""
    from sklearn.datasets import load_iris

    source = load_iris()
    names = tuple(name.removesuffix(" (cm)") for name in source.feature_names)
    return _table(
        "iris",
        source,
        inputs=Features(names, ("cm",) * len(names)),
        outputs=_classes(source),
        seed=seed,
        origin="R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936",
    )


def wine(seed: int = 0) -> Dataset:
    """Chemical analyses of wines from three growers."""
    from sklearn.datasets import load_wine

    source = load_wine()
    names = tuple(name.replace("_", " ") for name in source.feature_names)
    return _table(
        "wine",
        source,
        inputs=Features(names),
        outputs=Classes(("grower 1", "grower 2", "grower 3")),
        seed=seed,
        origin="S. Aeberhard, M. Forina, Wine, UCI, 1992",
    )


def breast_cancer(seed: int = 0) -> Dataset:
    """Cell nuclei of breast masses, malignant or benign."""
    from sklearn.datasets import load_breast_cancer

    source = load_breast_cancer()
    return _table(
        "breast-cancer",
        source,
        inputs=Features(tuple(map(str, source.feature_names))),
        outputs=_classes(source),
        seed=seed,
        origin="W. Wolberg, O. Mangasarian, W. Street, Breast Cancer Wisconsin (Diagnostic), "
        "UCI, 1995",
    )


def diabetes(seed: int = 0) -> Dataset:
    """How far diabetes went in a year, as a score; units where the source gives them."""
    from sklearn.datasets import load_diabetes

    units = {
        "age": "years",
        "sex": "",
        "body mass index": "kg/m²",
        "average blood pressure": "",
        "total cholesterol": "",
        "LDL": "",
        "HDL": "",
        "total cholesterol / HDL": "",
        "log triglycerides": "",
        "blood sugar": "",
    }
    return _table(
        "diabetes",
        load_diabetes(scaled=False),
        inputs=Features(tuple(units), tuple(units.values())),
        outputs=Values(("progression after one year",), ("score",)),
        seed=seed,
        origin="B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, 2004",
    )


def _table(
    name: str, source: Any, *, inputs: Features, outputs: Outputs, seed: int, origin: str
) -> Dataset:
    return Dataset.split(
        name,
        source.data,
        source.target,
        inputs=inputs,
        outputs=outputs,
        seed=seed,
        source=origin,
    )


def _classes(source: Any) -> Classes:
    return Classes(tuple(map(str, source.target_names)))
