"""Serving the compiled modules: this process imports them in place of the plain files, all of them or none.

This module decides when it may: a process that asked before it imported any of them, whose environment does not say
HERZSCHLAG_PURE=1, and whose sources are those that were compiled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from herzschlag.compiled.folder import folder, read, unfit
from herzschlag.compiled.modules import module_names

PURE = "HERZSCHLAG_PURE"
PLAIN = "plain Python"
_refused: list[str] = []
"""Why this process was not served when it asked; what is true later, with everything imported, says nothing of that."""


class CompiledFinder(MetaPathFinder):
    """Finds the compiled modules, and the one library that holds their code."""

    def __init__(self, where: Path, libraries: dict[str, str]) -> None:
        self._files = {name: str(where / file) for name, file in libraries.items()}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=ExtensionFileLoader(fullname, file))


def use() -> bool:
    """Have this process import the compiled modules from now on. False: the plain files serve (`why_not`)."""
    if served() != PLAIN:
        return True
    where = folder()
    _refused.clear()
    why = why_not()
    if where is None or why:
        _refused[:] = [why]
        return False
    sys.meta_path.insert(0, CompiledFinder(where, read(where).libraries))
    return True


def why_not() -> str:
    """Why this process was not served when it asked, or would not be if it asked now; empty when it is."""
    if served() != PLAIN:
        return ""
    if _refused:
        return _refused[0]
    if os.environ.get(PURE, "") not in ("", "0"):
        return f"{PURE} is set"
    if imported := [name for name in module_names() if name in sys.modules]:
        return f"{imported[0]} was imported before they were asked for"
    where = folder()
    if where is None:
        return "not built: python -m herzschlag.compiled"
    why = unfit(where)
    return f"{why}: python -m herzschlag.compiled" if why else ""


def served() -> str:
    """Which cores this process has, in a few words."""
    if any(isinstance(one, CompiledFinder) for one in sys.meta_path):
        return "compiled by mypyc"
    return PLAIN
