"""Writes the pages of the teaching text's statements, docs/lesson/en/statements.md and docs/lesson/de/aussagen.md.

python docs/generate/statements.py            write the pages from docs/lesson/statements.toml
python docs/generate/statements.py --check    exit 1 if they are not what would be written; runs nothing

This module decides how a statement reads on a page. Whether each scenario still shows what is written about it is
tested by tests/simulation/test_statements.py.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Literal

import msgspec

from herzschlag.scenarios.expectations import Matcher, Value
from herzschlag.sources.documents import linked

LESSON = Path(__file__).resolve().parents[1] / "lesson"
TABLE = LESSON / "statements.toml"
Language = Literal["de", "en"]
PAGES: dict[Language, Path] = {"en": LESSON / "en/statements.md", "de": LESSON / "de/aussagen.md"}
CHAPTERS = (1, 20, 35, 52)
"""The first statement of each of the text's four pictures."""
NUMBER = 69
DERIVED = "(derived from"
"""What the table writes before sources that say it together."""
Judged = Literal["shown", "partly", "contradicted"]


class InBoth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text in both languages."""

    de: str
    en: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    says: InBoth
    here: InBoth
    scenario: str
    shows: tuple[Matcher, ...]
    never: tuple[Matcher, ...] = ()
    judged: Judged = "shown"
    really: InBoth | None = None
    source: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    statement: tuple[Statement, ...]


WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The statements of the teaching text",
        "about": "What the text says, in our words; what happens here when its scenario is run (T: seconds after the "
        "fault); and how it really is where the text simplifies. A test plays every scenario and looks for each "
        "record, so a statement that is no longer true here fails the build.",
        "counts": "Of {all} statements, {shown} hold as they are, {partly} need a condition, and {contradicted} are "
        "contradicted.",
        "try": "Run one and look yourself:",
        "after": "The records of a run are the lines of `history.jsonl`; [results.md](../../results.md) says what each "
        "kind means.",
        "never": "never",
        "columns": "| No | The text says | Here | Scenario | Shown by |",
        "shown": "as it is",
        "partly": "with a condition",
        "contradicted": "contradicted",
        "really": "Really",
        "by": "Source",
        "derived": DERIVED,
        "1": "Normal operation",
        "20": "A slave fails",
        "35": "The master fails",
        "52": "An isolated host",
    },
    "de": {
        "title": "Die Aussagen des Lehrtextes",
        "about": "Was der Text sagt, in unseren Worten; was hier geschieht, wenn das Szenario läuft (T: Sekunden nach "
        "dem Fehler); und wie es wirklich ist, wo der Text vereinfacht. Ein Test spielt jedes Szenario und sucht jeden "
        "genannten Eintrag: Stimmt eine Aussage hier nicht mehr, schlägt der Test fehl.",
        "counts": "Von {all} Aussagen gelten {shown} so, wie sie dastehen, {partly} unter einer Bedingung, und bei "
        "{contradicted} ist es anders.",
        "try": "Selbst nachsehen:",
        "after": "Die Einträge eines Laufs sind die Zeilen von `history.jsonl`; was jede Art bedeutet, steht in "
        "[results.md](../../results.md) (englisch).",
        "never": "nie",
        "columns": "| Nr. | Der Text sagt | Hier | Szenario | Zu sehen an |",
        "shown": "gilt",
        "partly": "gilt unter einer Bedingung",
        "contradicted": "ist anders",
        "really": "Wirklich",
        "by": "Quelle",
        "derived": "(abgeleitet aus",
        "1": "Normalbetrieb",
        "20": "Ausfall eines Slaves",
        "35": "Ausfall des Masters",
        "52": "Isolierter Host",
    },
}


def statements() -> tuple[Statement, ...]:
    """All statements in order. Raises msgspec.ValidationError for a table that is none."""
    return msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8")), Table).statement


def page(language: Language) -> str:
    words, found = WORDS[language], statements()
    counts = Counter(one.judged for one in found)
    told = words["counts"].format(
        all=len(found), **{judged: counts[judged] for judged in ("shown", "partly", "contradicted")}
    )
    lines = [
        f"# {words['title']}",
        "",
        f"{words['about']} {told}",
        "",
        words["try"],
        "",
        "```sh",
        f"herzschlag run {found[10].scenario} --backend simulation",
        "```",
        "",
        words["after"],
    ]
    for one in found:
        if one.number in CHAPTERS:
            lines += ["", f"## {words[str(one.number)]}", "", words["columns"], "|---:|---|---|---|---|"]
        lines.append(row(one, language))
    return "\n".join(lines) + "\n"


def row(one: Statement, language: Language) -> str:
    words = WORDS[language]
    here = getattr(one.here, language)
    if one.really is not None:
        source = linked(one.source.replace(DERIVED, words["derived"]), page="../../sources.md")
        here += f"<br>**{words['really']}:** {getattr(one.really, language)}<br>{words['by']}: {source}"
    mark = "" if one.judged == "shown" else f" (*{words[one.judged]}*)"
    file = f"../../../herzschlag/scenarios/shipped/{one.scenario.partition('@')[0]}.toml"
    seen = [shown(matcher) for matcher in one.shows] + [f"{words['never']} {shown(matcher)}" for matcher in one.never]
    cells = [str(one.number), getattr(one.says, language) + mark, here, f"[{one.scenario}]({file})", "<br>".join(seen)]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def shown(matcher: Matcher) -> str:
    """`host-state` host-99: host=host-98 to=hostDown, T18"""
    fields = [
        f"{name}={_text(value)}" for name, value in matcher.items() if name not in ("kind", "node", "at_s", "after")
    ]
    node = f" {_text(matcher['node'])}" if "node" in matcher else ""
    when = f", T{matcher['at_s']}" if "at_s" in matcher else ""
    return f"`{_text(matcher['kind'])}`{node}{':' if fields else ''} {' '.join(fields)}".rstrip() + when


def _text(value: Value | list[Value]) -> str:
    """A list is a choice; a text that is only contained is quoted, and so is an empty one."""
    if isinstance(value, list):
        return "/".join(map(str, value))
    text = str(value)
    return f'"{text.removeprefix("~")}"' if not text or text.startswith("~") else text


def main() -> int:
    if "--check" in sys.argv:
        return 0 if all(file.exists() and file.read_text() == page(language) for language, file in PAGES.items()) else 1
    for language, file in PAGES.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page(language))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
