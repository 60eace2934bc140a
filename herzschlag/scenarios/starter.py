"""The scenario that `herzschlag init` writes: a commented one, which holds as it is."""

from __future__ import annotations

from importlib import resources

from herzschlag.scenarios.from_toml import loads

_NAME = '"my-scenario"'


def starter(name: str) -> str:
    """The text, under this name. Raises ScenarioError for a name that no scenario may have."""
    text = (resources.files("herzschlag.scenarios") / "starter.toml").read_text(encoding="utf-8")
    text = text.replace(_NAME, _quoted(name).ljust(len(_NAME)), 1)
    loads(text, f"{name}.toml")
    return text


def _quoted(name: str) -> str:
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else "?" for c in name) + '"'
