"""Draws the documentation's pictures anew, by the commands that readers run, small enough to keep.

With GLASSNET_DATA set the recipes draw MNIST and Boston housing, as in the pictures that are kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).parents[1] / "docs" / "images"
RECIPES = ("house-price", "numerical-mnist", "line", "eleven-lines", "gonetwork")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        glassnet("demo", "--folder", str(folder))
        for recipe in RECIPES:
            glassnet("recipe", recipe, "--folder", str(folder / "recipes"))
        for kept in sorted(IMAGES.rglob("*.png")):
            drawn = folder / kept.relative_to(IMAGES)
            with Image.open(drawn) as picture:
                picture.convert("RGB").quantize(64).save(kept, optimize=True)
            print(f"{kept.relative_to(IMAGES.parent)}: {kept.stat().st_size:,} bytes")


def glassnet(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "glassnet", *words], check=True)


if __name__ == "__main__":
    main()
