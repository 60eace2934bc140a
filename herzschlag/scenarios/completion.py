"""What a shell offers behind Tab where a scenario is wanted: names of shipped scenarios, and TOML files.

It reads names alone and loads no scenario, because an answer must come at once.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

SUFFIX = ".toml"


def scenarios(incomplete: str) -> list[str]:
    return [*shipped_scenarios(incomplete), *files(incomplete)]


def shipped_scenarios(incomplete: str) -> list[str]:
    folder = resources.files("herzschlag.scenarios") / "shipped"
    names = (item.name for item in folder.iterdir())
    return sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX) and name.startswith(incomplete))


def files(incomplete: str) -> list[str]:
    """TOML files, and folders on the way to them; hidden ones when a dot is typed."""
    folder, slash, begun = incomplete.rpartition("/")
    before = folder + slash
    try:
        items = sorted(Path(before or ".").iterdir())
    except OSError:
        return []
    shown = [item for item in items if item.name.startswith(begun) and (begun or not item.name.startswith("."))]
    return [
        before + (f"{item.name}/" if item.is_dir() else item.name)
        for item in shown
        if item.suffix == SUFFIX or (item.is_dir() and slash)
    ]
