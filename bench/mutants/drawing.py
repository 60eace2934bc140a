"""Small faults put into the agents' cores at random, by the operators of Cosmic Ray: a comparison turned, a condition
denied, a number one higher, a loop left out.

This module decides which files and operators there are, and leaves out what cannot change a run: annotations, and
sources that mean the same. A place in the code is drawn first, then what is done to it.
"""

from __future__ import annotations

import ast
import random
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor, mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from bench.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
CORES = ("agents/ha", "agents/hypervisor", "agents/vcenter", "agents/datastore")
OUTSIDE = ("agents/datastore/memory_store.py",)
"""The disks of the simulation: a part of the machine that it plays, which real packets have others for."""
KINDS = (
    "AddNot",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceComparisonOperator",
    "ReplaceFalseWithTrue",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator",
    "ZeroIterationForLoop",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_FloorDiv_Mul",
)
TRIES = 20
"""For each mutant; most mean something else than the whole core, and are new."""


def draw(number: int, seed: int) -> list[Mutant]:
    """So many different ones; the same for the same seed and cores."""
    generator = random.Random(seed)
    files = [file for folder in CORES for file in sorted((ROOT / folder).rglob("*.py"))]
    files = [file for file in files if str(file.relative_to(ROOT)) not in OUTSIDE]
    lines = [len(file.read_text(encoding="utf-8").splitlines()) for file in files]
    found: dict[tuple[str, int, str], Mutant] = {}
    for _ in range(TRIES * number):
        if len(found) == number:
            break
        file = generator.choices(files, lines)[0]
        if places := _places(file):
            operator, occurrence = generator.choice(generator.choice(places))
            mutant = _mutant(file, operator, occurrence)
            if mutant is not None:
                found.setdefault((mutant.file, mutant.line, mutant.after), mutant)
    return list(found.values())


class _Sites(MutationVisitor):  # type: ignore[misc]
    """Where an operator can do something, in the order in which it counts."""

    def __init__(self, operator: Any) -> None:
        super().__init__(-1, operator)
        self.found: list[tuple[int, int]] = []

    def visit(self, node: Any) -> Any:
        self.found += [tuple(begin) for begin, _ in self.operator.mutation_positions(node)]
        return node


@cache
def _places(file: Path) -> list[list[tuple[str, int]]]:
    """Of each place in a file, what can be done to it: an operator, and its occurrence in the file."""
    at: dict[tuple[int, int], list[tuple[str, int]]] = {}
    tree = get_ast(file.read_text(encoding="utf-8"))
    for name in sorted(name for name in operator_names() if name.rpartition("/")[2].startswith(KINDS)):
        sites = _Sites(get_operator(name)())
        sites.walk(tree)
        for occurrence, place in enumerate(sites.found):
            at.setdefault(place, []).append((name, occurrence))
    return [at[place] for place in sorted(at)]


def _mutant(file: Path, operator: str, occurrence: int) -> Mutant | None:
    before = file.read_text(encoding="utf-8")
    after = mutate_code(before, get_operator(operator)(), occurrence)
    if after is None or _meaning(before) == _meaning(after):
        return None
    changed = [n for n, (a, b) in enumerate(zip(before.splitlines(), after.splitlines(), strict=False)) if a != b]
    line = changed[0] if changed else 0
    path = file.relative_to(ROOT)
    return Mutant(
        module="herzschlag." + ".".join(path.with_suffix("").parts),
        file=str(path),
        line=line + 1,
        operator=operator.rpartition("/")[2],
        before=before.splitlines()[line].strip(),
        after=after.splitlines()[line].strip(),
        source=after,
    )


def _meaning(source: str) -> str:
    """What the source does, without what no run can show: annotations, assertions, how classes are kept in memory, and
    which arguments must be named by callers; the source itself where it is not Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        elif isinstance(node, ast.ClassDef):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in ("frozen", "gc")]
        elif isinstance(node, ast.arguments):
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.posonlyargs, node.kwonlyargs = [], []
            node.defaults = [*node.defaults, *(one for one in node.kw_defaults if one is not None)]
            node.kw_defaults = []
        elif isinstance(node, ast.Assert):
            node.test = ast.Constant(0)
    return ast.dump(tree)
