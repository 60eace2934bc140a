"""Gathers the Markdown of the repository for the site: where each page goes, and where its links then lead.

A page of docs/ keeps its name; the README becomes the first page. Other files that pages link to (transcripts, scenario
files) are copied as text below files/, so that a browser shows them instead of saving them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
_INDEX = "index"
FIRST = f"{_INDEX}.md"
AT_TOP = {
    "README.md": FIRST,
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
}
DECISIONS = "docs/decisions"
LESSON = "docs/lesson"
SHOWN_AS_TEXT = {".toml", ".py", ".sh", ".txt", ".json", ""}
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_SHEET = re.compile(r"^(!\[[^\]]+\]\((\S+/pictures/lesson/\S+\.svg)\))$", re.MULTILINE)
_CODE = re.compile(r"(```.*?```)", re.DOTALL)


def gather(target: Path) -> None:
    """Writes every page and all that pages link to below the target, which is emptied first.

    Raises FileNotFoundError where a page links to a file that is not there."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source, name in places().items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(relinked((ROOT / source).read_text(), source, target))
    (target / "decisions" / FIRST).write_text(decisions())


def places() -> dict[str, str]:
    """Path in the repository to path in the site, for every page."""
    found = {
        f"docs/{page.name}": page.name for page in sorted((ROOT / "docs").glob("*.md")) if ".template" not in page.name
    }
    found |= {f"{DECISIONS}/{page.name}": f"decisions/{page.name}" for page in sorted((ROOT / DECISIONS).glob("*.md"))}
    found |= {
        page.relative_to(ROOT).as_posix(): page.relative_to(ROOT / "docs").as_posix()
        for page in sorted((ROOT / LESSON).rglob("*.md"))
    }
    return AT_TOP | found


def decisions() -> str:
    """The list of decisions, by number."""
    lines = ["# Decisions", "", "Why it is built this way, one choice a page.", ""]
    for page in sorted((ROOT / DECISIONS).glob("*.md")):
        heading = page.read_text().partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{heading}]({page.name})")
    return "\n".join(lines) + "\n"


def relinked(text: str, source: str, target: Path) -> str:
    """The page's text with links for its place in the site; linked files are copied below the target. A printed picture
    leads to itself: on a telephone its words are small."""
    pieces = _CODE.split(_SHEET.sub(r"[\1](\2)", text))
    return "".join(
        piece if piece.startswith("```") else _LINK.sub(lambda m: m[1] + place_of(m[2], source, target) + m[3], piece)
        for piece in pieces
    )


def place_of(link: str, source: str, target: Path) -> str:
    """Where a link of the page `source` leads from its place in the site."""
    path, hash_sign, fragment = link.partition("#")
    if not path or re.match(r"[a-z]+:", link):
        return link
    wanted = _normal(PurePosixPath(source).parent / path)
    page = PurePosixPath(places()[source])
    if wanted in (DECISIONS, f"{DECISIONS}/"):
        place = f"decisions/{FIRST}"
    elif wanted in places():
        place = places()[wanted]
    else:
        place = _copied(wanted, target)
    return _relative(place, page.parent) + hash_sign + fragment


def _copied(wanted: str, target: Path) -> str:
    file = ROOT / wanted
    if wanted.startswith("docs/"):
        place = wanted.removeprefix("docs/")
    else:
        place = f"files/{wanted}" + ("" if file.suffix == ".txt" or file.suffix not in SHOWN_AS_TEXT else ".txt")
    (target / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target / place)
    return place


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _relative(place: str, folder: PurePosixPath) -> str:
    return "../" * len(folder.parts) + place
