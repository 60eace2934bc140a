"""A mutant: one file of the cores with one small fault."""

from __future__ import annotations

import ast

import msgspec


class Mutant(msgspec.Struct, frozen=True):
    module: str
    file: str
    """Below the checkout."""
    line: int
    operator: str
    before: str
    after: str
    """The line, as it is and as it became; without spaces at its ends."""
    source: str
    """The whole file with the fault."""

    @property
    def name(self) -> str:
        """Another one for each mutant of the same sources."""
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"

    @property
    def function(self) -> str:
        """The name of the function that it is in, the innermost; empty outside of all."""
        functions = [node for node in ast.walk(ast.parse(self.source)) if isinstance(node, ast.FunctionDef)]
        around = [node for node in functions if node.lineno <= self.line <= (node.end_lineno or 0)]
        return max(around, key=lambda node: node.lineno).name if around else ""
