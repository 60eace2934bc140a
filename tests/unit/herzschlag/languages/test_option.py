"""`--lang`, and the locale without it."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from herzschlag.languages import current
from herzschlag.languages.option import LangOption


def spoken(*arguments: str, **environment: str) -> str:
    app = typer.Typer()

    @app.command()
    def command(lang: LangOption = None) -> None:
        typer.echo(f"{current()} {lang}")

    fresh = {"LC_ALL": None, "LC_MESSAGES": None, "LANG": None, **environment}
    done = CliRunner().invoke(app, arguments, env=fresh)
    return done.stdout.strip() if done.exit_code == 0 else f"exit {done.exit_code}"


def test_what_is_asked_for_comes_before_the_locale() -> None:
    assert spoken() == "en None"
    assert spoken(LANG="de_DE.UTF-8") == "de None"
    assert spoken("--lang", "en", LANG="de_DE.UTF-8") == "en en"
    assert spoken("--lang", "de") == "de de"
    assert spoken("--lang", "fr") == "exit 2"
