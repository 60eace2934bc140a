"""Draws docs/pictures/lesson, the pictures of the course in each language, of runs in virtual time.

python docs/generate/lesson_pictures.py            draw them
python docs/generate/lesson_pictures.py --check    exit 1 if they are not what would be drawn

The title of a picture is the heading of its chapter. By hand, for another instant or as PDF:
`herzschlag picture --scenario isolation --at 45.2 --lang de --out isolation.pdf`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from herzschlag.languages import LANGUAGES, speaking
from herzschlag.pictures import again
from herzschlag.pictures.instant import instant
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.sheet import svg
from herzschlag.report.model import Model
from herzschlag.scenarios.from_toml import load

DOCS = Path(__file__).resolve().parents[1]
TARGET = DOCS / "pictures/lesson"
ALL = frozenset(Layer)
EMPTY = ALL - set(PACKETS.values()) - {Layer.LEGEND}
"""A sheet on which pupils draw the packets themselves."""
KINDS = {"": ALL, "-empty": EMPTY}
"""Of the first chapter, both."""
INSTANTS: dict[int, tuple[str, tuple[float, ...]]] = {
    1: ("normal", (6.2,)),
    2: ("slave-failure", (2.2, 11.2, 18.5)),
    3: ("master-failure", (2.2, 12.2, 25.4, 36.2)),
    4: ("isolation", (2.2, 27.2, 45.2, 70.6)),
    5: ("partition", (40.2,)),
    6: ("case-11@silent", (62.2,)),
}
"""Of each chapter, its scenario and the instants that tell it, in seconds after the first fault."""


def pictures() -> Iterator[tuple[Path, str]]:
    """Every picture, and where it belongs."""
    for chapter, (scenario, instants) in INSTANTS.items():
        run = again.played(load(scenario))
        for language in LANGUAGES:
            with speaking(language):
                model = Model(run)
                for seconds in instants:
                    now = instant(model, seconds)
                    faults = tuple(about for _, about in now.faults)
                    for kind, wanted in KINDS.items() if scenario == "normal" else [("", ALL)]:
                        drawn = svg(now, title=heading(language, chapter), faults=faults, wanted=wanted)
                        yield TARGET / language / f"{scenario}-{seconds:g}{kind}.svg", drawn


def heading(language: str, chapter: int) -> str:
    (page,) = (DOCS / "lesson" / language).glob(f"{chapter}-*.md")
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def main() -> int:
    wanted = dict(pictures())
    there = set(TARGET.rglob("*.svg"))
    if "--check" in sys.argv[1:]:
        return int(there != set(wanted) or any(path.read_text() != text for path, text in wanted.items()))
    for path in there - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
