"""Every text for people has its translation: none missing, none doubtful, none that no source has any more."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from pathlib import Path

import catalogue
import pytest
from babel.messages.catalog import Catalog, Message

from herzschlag.history.words import STATES
from herzschlag.languages import ENGLISH, LANGUAGES, speaking
from herzschlag.languages.refusals import known, of_machine
from herzschlag.languages.texts.agents import AGENTS
from herzschlag.languages.texts.checkers import CHECKERS, WAYS
from herzschlag.languages.texts.sentences import SENTENCES
from herzschlag.topo.requirements import REQUIREMENTS

REFUSING = {
    *(
        "InputError",
        "ScenarioError",
        "OptionError",
        "FaultError",
        "WordsError",
        "CaptureError",
        "Problem",
        "ReportError",
    ),
    *("RemoteTrouble", "RemoteUsageError", "Unreachable", "ConnectionLost", "Trouble"),
    *("fail", "_fail", "_refuse", "say"),
}
"""What is called with the text of a refusal."""
SPOKEN = (
    *("cli", "scenarios", "faults", "running", "compare", "packets", "shell", "campaign", "lesson", "live", "pictures"),
    *("report", "remote"),
)
"""Folders whose refusals a user reads in a command."""
TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]


def forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [""])


def filled_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def faults(found: Catalog, wanted: Catalog) -> list[str]:
    """What is wrong with a catalogue, a line each."""
    there = {one.id: one for one in catalogue.messages(found)}
    asked = {one.id for one in catalogue.messages(wanted)}
    lines = [f"without translation: {key}" for key in asked - set(there)]
    lines += [f"no source has: {key}" for key in set(there) - asked]
    lines += [f"no source has: {key}" for key in found.obsolete]
    for key in asked & set(there):
        lines += of_message(there[key])
    return sorted(lines)


def of_message(message: Message) -> list[str]:
    said, ids = forms(message.string), forms(message.id)
    if not all(said):
        return [f"without translation: {message.id}"]
    if message.fuzzy:
        return [f"fuzzy, so a reader of German has to look at it: {message.id}"]
    if any(filled_in(text) - filled_in(ids[-1]) or filled_in(ids[0]) - filled_in(text) - {"number"} for text in said):
        return [f"fills in other names than the source: {message.id}"]
    if any(text[:1].isspace() != ids[0][:1].isspace() or text[-1:].isspace() != ids[0][-1:].isspace() for text in said):
        return [f"begins or ends with a blank where the source does not, or the other way round: {message.id}"]
    return []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_has_its_translation(language: str) -> None:
    """A German reader would find English in the middle of a page."""
    found = faults(catalogue.read(language), catalogue.template())
    assert not found, "\n" + "\n".join(found) + "\nrun `make docs`, then edit herzschlag/languages/*/messages.po"


def test_every_language_has_its_folder() -> None:
    assert sorted(p.parent.name for p in catalogue.LANGUAGES.glob("*/messages.po")) == sorted(TRANSLATED)


def test_languages_have_the_plural_of_english() -> None:
    """gettext.js, which has no formula, counts as English and German do."""
    for language in TRANSLATED:
        assert catalogue.read(language).plural_expr == "(n != 1)"


def test_no_text_of_a_script_is_overlooked() -> None:
    """Babel sees no call within the quotes of a template, as in `class="${gettext("x")}"`: name the text before."""
    calls = re.compile(r"""\bn?gettext\(\s*(["'])(.*?)\1""")
    known = {one for message in catalogue.messages(catalogue.template()) for one in forms(message.id)}
    scripts = [path for path in catalogue.sources() if path.suffix == ".js"]
    asked = {found[2] for path in scripts for found in calls.finditer(path.read_text(encoding="utf-8"))}
    assert asked - known == set()


def refusals_of(path: Path) -> list[str]:
    """Texts of errors about wrong input, and of commands that end early, each value in them a word."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and called(node) in REFUSING:
            found += [text for one in node.args if " " in (text := filled(one))]
    return found


def called(node: ast.Call) -> str:
    """The name of what is called, also of a method."""
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def filled(node: ast.expr) -> str:
    """A text in the source as a user might read it; empty for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "xyz" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def says_nothing(text: str) -> bool:
    """Only values, names and options: what they say comes from elsewhere."""
    return text == "capture limit" or not re.search(r"(?<![\w=-])[a-z]{3}", re.sub(r"xyz|\w+=", "", text))


def test_every_refusal_that_a_user_may_read_is_known() -> None:
    """A new error would be English in the middle of German: add it to herzschlag/languages/texts."""
    files = [path for name in SPOKEN for path in (catalogue.ROOT / "herzschlag" / name).rglob("*.py")]
    unknown = {
        f"{path.relative_to(catalogue.ROOT)}: {text}"
        for path in files
        for text in refusals_of(path)
        if not says_nothing(text) and not known(text)
    }
    assert unknown == set()


def pieces(path: Path) -> Iterator[str]:
    """What a file's texts consist of, between the values in them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {
        id(node) for error in ast.walk(tree) if isinstance(error, ast.Raise | ast.Assert) for node in ast.walk(error)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield from (one for one in re.split(r"[;:]", node.value) if re.search(r"[a-z]{2} [a-z]", one))


def unlisted(pieces: Iterable[str], texts: Iterable[str]) -> set[str]:
    """Pieces that are in no text of the tables."""
    listed = "\n".join(texts)
    return {one for one in pieces if one.strip(" ,().") not in listed}


def test_every_text_of_a_checker_is_known() -> None:
    """Of ours and those of other people's systems; what is wrong with a package is for its author."""
    files = (catalogue.ROOT / "herzschlag/checkers").rglob("*.py")
    own = {*STATES.values(), "expected {expected}, never happened"}  # translated where they are written
    found = {
        one for path in files if path.parent.name != "checkers" or path.name != "__init__.py" for one in pieces(path)
    }
    assert unlisted(found - own, (*CHECKERS, *AGENTS, *WAYS)) == set()


def test_every_sentence_of_a_record_is_known_where_a_checker_quotes_it() -> None:
    """Whole sentences; in what has a part that may be missing, the words around it."""
    found = {*pieces(catalogue.ROOT / "herzschlag/history/words.py")} - {*STATES.values()}
    parts = {part for one in found for part in re.split(r"\{\w+\}", one) if " " in part.strip()}
    assert unlisted(parts, SENTENCES) == set()


def test_a_text_of_a_checker_that_is_not_known_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""It says."""\nbecause = f"{host} did quite new things: {why}"\n')
    assert unlisted(pieces(tmp_path / "a.py"), CHECKERS) == {" did quite new things"}


def test_everything_that_the_doctor_says_is_known() -> None:
    purposes = {one.purpose for one in REQUIREMENTS} - {"herzschlag remote"}
    with speaking("de"):
        assert {text for text in purposes if of_machine(text) == text} == set()


def test_a_refusal_that_is_not_known_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('raise InputError(key, f"is {value!r}: that is quite new")\n')
    (found,) = refusals_of(tmp_path / "a.py")
    assert found == "is xyz: that is quite new" and not known(found)


def planted(string: str = "{host} führt", *, fuzzy: bool = False) -> Catalog:
    found = Catalog(locale="de")
    found.add("{host} leads", string, flags=["fuzzy"] if fuzzy else [])
    return found


def test_planted_faults_are_found() -> None:
    wanted = Catalog()
    wanted.add("{host} leads")
    assert faults(planted(), wanted) == []
    assert faults(planted(string=""), wanted) == ["without translation: {host} leads"]
    assert faults(Catalog(locale="de"), wanted) == ["without translation: {host} leads"]
    assert faults(planted(fuzzy=True), wanted)[0].startswith("fuzzy")
    assert faults(planted(string="{wirt} führt"), wanted) == ["fills in other names than the source: {host} leads"]
    assert faults(planted(string="{host} führt "), wanted)[0].startswith("begins or ends with a blank")
    assert faults(planted(), Catalog()) == ["no source has: {host} leads"]


def test_texts_are_found_in_python_and_in_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that the extraction does not see would stay English without anyone noticing."""
    (tmp_path / "herzschlag").mkdir()
    (tmp_path / "herzschlag/a.py").write_text(
        'gettext("one " "text")\nngettext("{number} host", "{number} hosts", 2)\n'
    )
    (tmp_path / "herzschlag/b.js").write_text('const a = `${gettext("of a script")}`; ngettext("1", "2", n);\n')
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "LANGUAGES", tmp_path / "herzschlag/languages")
    monkeypatch.setattr(catalogue, "of_commands", list)
    monkeypatch.setattr(catalogue, "of_prompt", list)
    found = catalogue.template()
    assert {one.id for one in catalogue.messages(found)} == {
        "one text",
        ("{number} host", "{number} hosts"),
        "of a script",
        ("1", "2"),
    }
    (one,) = (message for message in catalogue.messages(found) if message.id == "of a script")
    one.string = "eines Skripts"
    assert catalogue.files(found)["scripts.json"] == b'{\n"of a script": "eines Skripts"\n}\n'
