"""A drawing as SVG text: elements with plain attributes, layers, and text of which the width is known.

This module decides that no drawing needs a font, a style sheet or a pattern that a program may not have: colours and
sizes are attributes of each element, signs are paths, and text, set in Helvetica or Arial, has room for a wider font.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

FONT = "Helvetica, Arial, Liberation Sans, sans-serif"
INK, DIM, PAPER = "#111111", "#555555", "#ffffff"
_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
"""Of Helvetica's characters from the space to the tilde, in thousandths of the size."""
_WIDTH = dict(enumerate(map(int, _WIDTHS.split()), start=32))
_WIDE = 667
"""Of every other character: none of European languages is wider, but for a few."""
_ROOM, _ROOM_BOLD = 1.17, 1.32
"""How much wider the widest font is that serves where there is none like Helvetica (DejaVu Sans)."""


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """The most room that a line takes, whatever font serves."""
    return sum(_WIDTH.get(ord(c), _WIDE) for c in text) * size / 1000 * (_ROOM_BOLD if bold else _ROOM)


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for."""
    if width_of(text, size, bold=bold) <= width:
        return text
    while text and width_of(text.rstrip() + "…", size, bold=bold) > width:
        text = text[:-1]
    return text.rstrip() + "…"


class Drawing:
    """Collects elements; `svg` is all of them."""

    def __init__(self, width: float, height: float, *, millimetres: tuple[int, int], title: str, about: str) -> None:
        self._lines = [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
            f'width="{millimetres[0]}mm" height="{millimetres[1]}mm" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'font-family="{FONT}" stroke-linecap="round" stroke-linejoin="round">',
            f"<title>{escape(title)}</title><desc>{escape(about)}</desc>",
        ]
        self.add("rect", x=0, y=0, width=width, height=height, fill=PAPER)

    def svg(self) -> str:
        return "\n".join([*self._lines, "</svg>\n"])

    def add(self, name: str, **attributes: float | str) -> None:
        self._lines.append(f"<{name}{_written(attributes)}/>")

    def path(self, d: str, *, fill: str = "none", stroke: str = INK, width: float = 1.6, dashes: str = "") -> None:
        """A shape. Its `stroke` may be "none"."""
        line: dict[str, float | str] = {"stroke_width": width}
        if dashes:
            line["stroke_dasharray"] = dashes
        self.add("path", d=d, fill=fill, **({} if stroke == "none" else {"stroke": stroke, **line}))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 14,
        *,
        bold: bool = False,
        anchor: str = "start",
        fill: str = INK,
        room: float | None = None,
    ) -> float:
        """One line; where there is less `room` than it takes, it is cut. Returns its width."""
        shown = text if room is None else fitted(text, room, size, bold=bold)
        more: dict[str, float | str] = {"font_weight": "bold"} if bold else {}
        if anchor != "start":
            more["text_anchor"] = anchor
        attributes = _written({"x": x, "y": y, "font_size": size, "fill": fill, **more})
        self._lines.append(f"<text{attributes}>{escape(shown, quote=False)}</text>")
        return width_of(shown, size, bold=bold)

    @contextmanager
    def group(self, title: str = "", **attributes: float | str) -> Iterator[None]:
        self._lines.append(f"<g{_written(attributes)}>" + (f"<title>{escape(title)}</title>" if title else ""))
        yield
        self._lines.append("</g>")

    @contextmanager
    def layer(self, name: str, title: str) -> Iterator[None]:
        """A group that drawing programs offer as a layer."""
        self._lines.append(
            f'<g id="{name}" inkscape:groupmode="layer" inkscape:label="{escape(title)}"><title>{escape(title)}</title>'
        )
        yield
        self._lines.append("</g>")


def _written(attributes: dict[str, float | str]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{escape(value) if isinstance(value, str) else f"{round(value, 1):g}"}"'
        for name, value in attributes.items()
    )
