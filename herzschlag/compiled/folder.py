"""The folder of compiled modules: where it is, what it was made from, and whether that is what lies there now.

A wheel carries the folder inside the package; a checkout has it in `build/`. In it are the libraries and `made.json`,
which names the hash of every source of ours that the compiled modules import, directly or not: one changed character,
and the plain files serve. So no edit is ever hidden by what was compiled before it.
"""

from __future__ import annotations

import hashlib
import json
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

from herzschlag.compiled.modules import PACKAGE, module_names

MADE = "made.json"
IN_WHEEL = PACKAGE / "compiled" / "built"
IN_CHECKOUT = PACKAGE.parent / "build" / "compiled"


@dataclass(frozen=True, kw_only=True)
class Made:
    """What `made.json` says."""

    suffix: str
    """Of the interpreter's extension modules: its version and the machine's kind."""
    libraries: dict[str, str]
    """Name of a module to its file, a path inside the folder."""
    sources: dict[str, str]
    """Path inside the package to the hash of the file."""


def home() -> Path:
    """Where the folder is made."""
    return IN_CHECKOUT if (PACKAGE.parent / "pyproject.toml").exists() else IN_WHEEL


def folder() -> Path | None:
    """The folder that serves; None where there is none."""
    return next((one for one in (IN_WHEEL, IN_CHECKOUT) if (one / MADE).exists()), None)


def read(where: Path) -> Made:
    """Raises OSError, or ValueError for a file that is not ours."""
    try:
        return Made(**json.loads((where / MADE).read_text(encoding="utf-8")))
    except TypeError as error:
        raise ValueError(f"{where / MADE}: {error}") from None


def write(where: Path, made: Made) -> None:
    (where / MADE).write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unfit(where: Path, package: Path = PACKAGE) -> str:
    """Why what lies there must not serve; empty when it fits."""
    try:
        made = read(where)
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        if made.suffix != suffix:
            return f"compiled for {made.suffix}, and this Python wants {suffix}"
        if missing := [name for name in module_names(package) if name not in made.libraries]:
            return f"{missing[0]} is new since"
        for path, then in made.sources.items():
            if hash_of(package / path) != then:
                return f"{path} was changed since"
        return next((f"{file} is gone" for file in made.libraries.values() if not (where / file).exists()), "")
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
