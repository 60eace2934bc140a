"""A picture as PDF, of the same SVG: by svglib, which needs wheels alone. The extra is `pictures`."""

from __future__ import annotations

import io

from herzschlag.errors import UnusableMachine


def pdf(svg: str) -> bytes:
    """One page of the drawing's own size. Raises UnusableMachine without the extra."""
    try:
        from reportlab.graphics import renderPDF  # noqa: PLC0415 (an extra)
        from svglib.svglib import svg2rlg  # noqa: PLC0415
    except ImportError as error:
        raise UnusableMachine(
            f"no PDF without the extra `pictures` ({error}): pip install 'herzschlag[pictures]', or write .svg, which"
            " any browser prints"
        ) from None
    drawing = svg2rlg(io.BytesIO(svg.encode()))
    assert drawing is not None, "svglib cannot read what pictures/svg.py wrote"
    data: bytes = renderPDF.drawToString(drawing, invariant=1)
    return data
