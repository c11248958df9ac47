"""What Schemathesis cannot know: what a picture with a drawing on it is."""

from __future__ import annotations

import io

import numpy as np
import schemathesis
from hypothesis import strategies as st
from PIL import Image


@st.composite
def pictures(draw: st.DrawFn, form: str) -> bytes:
    """A stroke in some place, on paper of some size."""
    height, width = draw(st.integers(8, 80)), draw(st.integers(8, 80))
    paper = np.full((height, width), draw(st.integers(200, 255)), np.uint8)
    top, left = draw(st.integers(2, height - 4)), draw(st.integers(2, width - 4))
    paper[top : top + draw(st.integers(2, 60)), left : left + 2] = draw(st.integers(0, 80))
    out = io.BytesIO()
    mode = draw(st.sampled_from(["L", "RGB"]))
    Image.fromarray(paper).convert(mode).save(out, form)
    return out.getvalue()


schemathesis.openapi.media_type("image/png", pictures("PNG"))
schemathesis.openapi.media_type("image/jpeg", pictures("JPEG"))
