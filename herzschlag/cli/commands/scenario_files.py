"""The commands `scenarios`, `init`, `check` and `schema`: from the list of scenarios to a checked one of your own.

This module decides what a user sees of scenario files before anything runs. It leaves what is wrong in them to
`herzschlag/scenarios`.
"""

from __future__ import annotations

import errno
import json
import sys
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from herzschlag.checkers import checkers
from herzschlag.cli.ending import fail
from herzschlag.exit_status import HOLDS, WRONG_INPUT
from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.languages.titles import title as scenario_title
from herzschlag.scenarios.completion import scenarios as scenario_names
from herzschlag.scenarios.completion import shipped_scenarios
from herzschlag.scenarios.from_toml import Problem, ScenarioError, load_family, of_systems, shipped
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.positions import line_of
from herzschlag.systems.finding import system_named
from herzschlag.systems.model import System
from herzschlag.systems.starter.texts import texts
from herzschlag.wrong_input import InputError

NEW = "my-scenario"
NEW_OF_SYSTEM = "{system}-cut-off"


def scenarios_command(
    name: Annotated[str | None, typer.Argument(help="Print this one's file.", autocompletion=shipped_scenarios)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    lang: LangOption = None,
) -> None:
    """List the shipped scenarios, or print one of them.

    Example: herzschlag scenarios

    Example: herzschlag scenarios isolation >mine.toml
    """
    del lang  # its callback has chosen the language
    if name is not None:
        try:
            found = load_family(name)
        except ScenarioError as error:
            fail(str(error), WRONG_INPUT)
        sys.stdout.write(json.dumps([_listed(s) for s in found], indent=2) + "\n" if as_json else found[0].text)
        return
    families = [(one, load_family(one)) for one in shipped()]
    foreign = [(one, load_family(one)) for one in of_systems()]
    if as_json:
        sys.stdout.write(json.dumps([_listed(s) for _, all_ in (*families, *foreign) for s in all_], indent=2) + "\n")
        return
    width = max(len(one) for one, _ in (*families, *foreign))
    sys.stdout.writelines(f"{one:<{width}}  {_title(members)}\n" for one, members in families)
    others = gettext("other people's systems, on real packets alone (make systems; docs/your-system.md)")
    sys.stdout.write(f"\n{others}\n")
    sys.stdout.writelines(f"{one:<{width}}  {_title(members)}\n" for one, members in foreign)


def _listed(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "length_s": scenario.length_s,
        "system": scenario.cluster.system,
    }


def _title(members: Sequence[Scenario]) -> str:
    """Of a family: what its members' titles begin with, before the last colon, and their names."""
    title = scenario_title(members[0].title)
    if len(members) == 1:
        return title
    names = ", ".join(member.name.partition("@")[2] for member in members)
    return f"{title.rpartition(': ')[0]} ({names})"


def init_command(
    name: Annotated[str, typer.Argument(help="Its name, and that of its file.")] = "",
    system: Annotated[
        str, typer.Option(metavar="NAME", help="For an HA system of your own: its file and a test as well.")
    ] = "",
    lang: LangOption = None,
) -> None:
    """Write a commented scenario of your own, which holds as it is, and the schema by which editors check it.

    Example: herzschlag init my-case

    Example: herzschlag init --system mybeat
    """
    del lang  # its callback has chosen the language
    from herzschlag.scenarios import schema  # noqa: PLC0415 (large, for two commands)
    from herzschlag.scenarios.starter import starter  # noqa: PLC0415

    path = Path(f"{(name or (NEW_OF_SYSTEM.format(system=system) if system else NEW)).removesuffix('.toml')}.toml")
    try:
        text = starter(path.name.removesuffix(".toml"))  # refuses a name that no scenario may have
        files = texts(system, path.name.removesuffix(".toml")) if system else {path.name: text}
        _write_new(path.parent, files)
        (path.parent / schema.SCHEMA_FILE).write_text(schema.schema_text(), encoding="utf-8")
    except ScenarioError as error:
        fail(error.problems[0].text, WRONG_INPUT)
    except InputError as error:
        fail(f"--system: {error}", WRONG_INPUT)
    except FileExistsError as error:
        fail(f"{error.filename}: exists already, and stays as it is: choose another name", WRONG_INPUT)
    except OSError as error:
        fail(f"{error.filename}: cannot be written: {error.strerror}; choose another place", WRONG_INPUT)
    said = N_("{path}: a scenario to change; {schema}: what editors check it by")
    typer.echo(gettext(said, path=path, schema=path.parent / schema.SCHEMA_FILE))
    commands = f"herzschlag check {path}; herzschlag run {path} --backend simulation"
    if system:
        own, _, test = (path.parent / one for one in files)
        said = N_("{own}: a system to change, with a daemon that yours replaces; {test}: a test of it")
        typer.echo(gettext(said, own=own, test=test))
        where = "" if path.parent == Path() else f"cd {path.parent}; "
        commands = f"{where}herzschlag check {own.name} {path.name}; herzschlag run {path.name}; pytest {test.name}"
    typer.echo(gettext("try: {commands}", commands=commands))


def _write_new(folder: Path, files: dict[str, str]) -> None:
    """All of them or none. Raises FileExistsError."""
    for name in files:
        if (folder / name).exists():
            raise FileExistsError(errno.EEXIST, "exists", str(folder / name))
    for name, text in files.items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)


def check_command(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="TOML files, or names.", autocompletion=scenario_names)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")] = False,
    lang: LangOption = None,
) -> None:
    """Check scenario files without running them, and say everything that is wrong, each with file and line; files of
    systems of your own as well.

    Exit status 0: all are right; 2: something is wrong.

    Example: herzschlag check my-case.toml
    """
    del lang  # its callback has chosen the language
    checkers()
    problems: list[Problem] = []
    for name in scenarios:
        try:
            said = _contents_of_system(system_named(name)) if _is_system(name) else _contents(load_family(name))
        except (ScenarioError, InputError) as error:
            found = _problems(name, error)
            problems += found
            if not as_json:
                text = str(error) if isinstance(error, ScenarioError) else "\n".join(map(str, found))
                typer.echo(told(text), err=True)
        else:
            if not as_json and not quiet:
                typer.echo(f"{name}: {said}")
    if as_json:
        found_wrong = [{"file": one.file, "line": one.line, "key": one.key, "text": one.text} for one in problems]
        sys.stdout.write(json.dumps({"right": not problems, "problems": found_wrong}, indent=2) + "\n")
    raise typer.Exit(WRONG_INPUT if problems else HOLDS)


def _is_system(name: str) -> bool:
    """Whether this is the file of a system, and not of a scenario: it has programs."""
    try:
        return name.endswith(".toml") and "programs" in tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # what is wrong is said when it is read as a scenario


def _problems(name: str, error: ScenarioError | InputError) -> list[Problem]:
    if isinstance(error, ScenarioError):
        return list(error.problems) or [Problem(name, 0, "", str(error))]
    text = Path(name).read_text(encoding="utf-8")
    keys = [(one.key.removeprefix("system").removeprefix("."), one.text) for one in error.errors]
    return [Problem(name, line_of(text, key), key, said) for key, said in keys]


def _contents_of_system(system: System) -> str:
    parts = [
        gettext("system {name}", name=system.name),
        ngettext("{number} program", "{number} programs", len(system.programs)),
        ngettext("{number} read", "{number} reads", len(system.reads)),
    ]
    return gettext("right: {what}", what=", ".join(parts))


def _contents(members: Sequence[Scenario]) -> str:
    first = members[0]
    expected = len(first.expect.all()) - len(first.expect.allow)
    parts = [
        *([ngettext("{number} variant", "{number} variants", len(members))] if len(members) > 1 else []),
        ngettext("{number} step", "{number} steps", len(first.steps)),
        ngettext("{number} expectation", "{number} expectations", expected),
        gettext("{seconds} s long", seconds=number(first.length_s)),
    ]
    return gettext("right: {what}", what=", ".join(parts))


def schema_command(
    path: Annotated[bool, typer.Option("--path", help="Print where the installed file is instead.")] = False,
) -> None:
    """Print the JSON schema of scenario files, for editors; with faults and checkers of installed packages.

    Example: herzschlag schema >herzschlag.schema.json
    """
    if path:
        typer.echo(str(resources.files("herzschlag.scenarios") / "scenario.schema.json"))
        return
    from herzschlag.scenarios.schema import schema_text  # noqa: PLC0415 (large, for two commands)

    sys.stdout.write(schema_text())
