"""Writes the catalogues of herzschlag/languages: new texts of the source into messages.po, and what is made of that.

python docs/generate/catalogue.py            bring the files of every language up to date
python docs/generate/catalogue.py --check    exit 1 if they are not what would be written

Texts are the arguments of `gettext`, `ngettext` and `N_` in Python and JavaScript, what is in two pairs of braces in a
page, the help of commands and options, and what people read of a shipped scenario. A new text is empty in messages.po,
one that changed keeps its old translation, marked fuzzy: write or correct it there, take the mark away, and run this
again. `tests/repository/test_languages.py` refuses what is empty or fuzzy.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from herzschlag.cli.app import app
from herzschlag.cli.spoken import EXAMPLE, paragraphs, placeholder
from herzschlag.faults import KINDS
from herzschlag.shell.commands import NAMES, about_fault, lines_of_help

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ROOT / "herzschlag/languages"
KEYWORDS: dict[str, Any] = {"gettext": None, "ngettext": (1, 2), "N_": None, "N_pair": (1, 2)}
PAIRS = ("ngettext", "N_pair")
OPTIONS = {"parse_template_string": True}  # calls within the `${}` of JavaScript
WORDS = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
"""In a page: its words in two pairs of braces."""
SCENARIOS = ("scenarios/shipped", "systems/scenarios")
PROGRAM, PROMPT = "herzschlag/cli/app.py", "herzschlag/shell/commands.py"
WIDTH = 120
COMMENT = "# Texts of Herzschlag for people. `make docs` adds new ones: docs/decisions/0038-languages-by-gettext.md."
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # Babel wants a date; one that does not change
HEAD = re.compile(r'^"(?!Language: |Plural-Forms: |MIME-Version: |Content-T)[A-Z][\w-]+: .*\\n"\n', re.M)
"""Lines of a catalogue's head that change by themselves or say nothing."""


class Text(NamedTuple):
    """A text of the source: what it is, and in which file."""

    id: str | tuple[str, str]
    place: str


def texts() -> Iterator[Text]:
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        for found in READERS[path.suffix](path):
            yield Text(found, place)
    yield from (Text(text, PROGRAM) for text in of_commands())
    yield from (Text(text, PROMPT) for text in of_prompt())
    for folder in SCENARIOS:
        for path in sorted((ROOT / "herzschlag" / folder).glob("*.toml")):
            for text in of_scenario(tomllib.loads(path.read_text(encoding="utf-8"))):
                yield Text(text, path.relative_to(ROOT).as_posix())


def of_python(path: Path) -> Iterator[str | tuple[str, str]]:
    """By its syntax tree, as Babel does not see a call among the arguments of another one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            given = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if node.func.id in PAIRS and len(given) == 2:
                yield given[0], given[1]
            elif given and node.func.id not in PAIRS:
                yield given[0]


def of_script(path: Path) -> Iterator[str | tuple[str, str]]:
    with path.open("rb") as file:
        for _, found, _, _ in extract("javascript", file, KEYWORDS, options=OPTIONS):
            yield found if isinstance(found, str) else (found[0], found[1])


def of_page(path: Path) -> Iterator[str]:
    for found in WORDS.finditer(path.read_text(encoding="utf-8")):
        yield found[1]


READERS: dict[str, Callable[[Path], Iterator[str | tuple[str, str]]]] = {
    ".py": of_python,
    ".js": of_script,
    ".html": of_page,
}


def sources() -> list[Path]:
    """Files whose calls are read; of a link to a folder at the top, that folder's."""
    found = [path for suffix in READERS for path in (ROOT / "herzschlag").rglob(f"*{suffix}")]
    return sorted(found)


def of_scenario(document: dict[str, Any]) -> Iterator[str]:
    """What people read of a scenario file."""
    yield from (document["title"], document.get("about", "").strip())
    for variant in document.get("variants", []):
        yield from (variant.get("title", ""), variant.get("about", "").strip())
        for key, value in variant.get("set", {}).items():
            if key.startswith("expect."):  # the whole list of a kind, one of it, or a field of one
                found = value if isinstance(value, list) else [value]
                yield from (one.get("name", "") for one in found if isinstance(one, dict))
    for expected in document.get("expect", {}).values():
        yield from (one.get("name", "") for one in expected)


def of_commands() -> Iterator[str]:
    """Help of the program: paragraphs, options, headings; examples are typed as they are."""
    group: Any = typer.main.get_command(app)
    yield from paragraphs(group.help)
    for command in group.commands.values():
        if not command.hidden:
            yield from (part for part in paragraphs(command.help) if not part.startswith(EXAMPLE))
            yield from (one.help for one in command.params if one.help)
            yield from (placeholder(one) for one in command.params)
            yield command.rich_help_panel or ""
    yield from (one.help for one in group.params if one.help)


def of_prompt() -> Iterator[str]:
    """What the commands of `herzschlag shell` do, and its faults."""
    yield from (lines_of_help(name)[1] for name in NAMES)
    yield from (about_fault(kind) for kind in sorted(KINDS))


def template() -> Catalog:
    catalogue = Catalog(project="herzschlag", creation_date=LONG_AGO, charset="utf-8")
    for text in texts():
        if text.id:
            catalogue.add(text.id, locations=[(text.place, 0)])
    return catalogue


def read(language: str) -> Catalog:
    """The catalogue as it is."""
    path = LANGUAGES / language / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def files(catalogue: Catalog) -> dict[str, bytes]:
    """What a language's folder holds, by name."""
    catalogue.creation_date = catalogue.revision_date = LONG_AGO
    catalogue.header_comment = COMMENT
    catalogue.fuzzy = False
    for message in catalogue:
        message.flags -= {"python-format", "python-brace-format"}  # guesses; our own test compares what is filled in
    written, compiled = io.BytesIO(), io.BytesIO()
    write_po(written, catalogue, width=WIDTH, include_lineno=False, sort_output=True, ignore_obsolete=True)
    write_mo(compiled, catalogue)
    scripts = {message_id(one): said(one) for one in messages(catalogue) if is_of_script(one) and is_complete(one)}
    return {
        "messages.po": HEAD.sub("", written.getvalue().decode()).encode(),
        "messages.mo": compiled.getvalue(),
        "scripts.json": (json.dumps(scripts, ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode(),
    }


def messages(catalogue: Catalog) -> list[Message]:
    """Those of people: the first of a catalogue is its head."""
    return [message for message in catalogue if message.id]


def message_id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def said(message: Message) -> str | list[str]:
    return message.string if isinstance(message.string, str) else list(message.string or [""])


def is_complete(message: Message) -> bool:
    return all(said(message)) and bool(said(message))


def is_of_script(message: Message) -> bool:
    return any(place.endswith(".js") for place, _ in message.locations)


def up_to_date(language: str, fresh: Catalog) -> dict[str, bytes]:
    catalogue = read(language)
    catalogue.update(fresh)
    return files(catalogue)


def main() -> int:
    fresh = template()
    languages = sorted(path.parent.name for path in LANGUAGES.glob("*/messages.po"))
    wanted = {LANGUAGES / lang / name: data for lang in languages for name, data in up_to_date(lang, fresh).items()}
    if "--check" in sys.argv[1:]:
        return int(any(not path.exists() or path.read_bytes() != data for path, data in wanted.items()))
    for path, data in wanted.items():
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
