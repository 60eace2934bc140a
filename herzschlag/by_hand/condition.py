"""A condition that a test waits for, in words: its source text, and what it was when time was up.

This module decides how `lambda: cluster.role("host-98") == "master"` reads in a failure. It only looks: what
is compared is asked once more, which is what waiting has done with every record.
"""

from __future__ import annotations

import ast
import linecache
import types
from collections.abc import Callable
from typing import Any

VALUE_MAX = 200
"""Characters of a value that are shown."""
PARTS_MAX = 4


def text_of(condition: Callable[[], object]) -> str:
    """The source text on one line; the name of a function; a plain word where there is neither."""
    found = _lambda_of(condition)
    if found is not None:
        return _text(*found[:2])
    name = getattr(condition, "__name__", "")
    return "the condition" if name in ("", "<lambda>") else f"{name}()"


def last_value(condition: Callable[[], object]) -> str:
    """What it is now: `cluster.role("host-98") is 'slave'`; empty where that says no more than that it is false."""
    found = _lambda_of(condition)
    if found is not None:
        seen = _values(*found)
        if seen:
            return ", ".join(f"{text} is {value}" for text, value in seen.items())
    try:
        value = condition()
    except Exception:  # what it raises now it did not raise while it was waited for: then it says nothing of it
        return ""
    return "" if isinstance(value, bool) else f"it is {_shown(value)}"


def _lambda_of(condition: Callable[[], object]) -> tuple[ast.expr, str, types.FunctionType] | None:
    """Its body, the text of its file, and itself; None for anything else, and where there is no source."""
    if not isinstance(condition, types.FunctionType) or condition.__name__ != "<lambda>":
        return None
    code = condition.__code__
    file = "".join(linecache.getlines(code.co_filename, condition.__globals__))
    try:
        tree = ast.parse(file)
    except (SyntaxError, ValueError, RecursionError):
        return None
    here = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
    if len(here) > 1:  # on one line: only one of them is where the instructions come from
        places = set(code.co_positions())
        here = [
            n for n in here if (n.body.lineno, n.body.end_lineno, n.body.col_offset, n.body.end_col_offset) in places
        ]
    return (here[0].body, file, condition) if len(here) == 1 else None


def _values(tree: ast.expr, file: str, function: types.FunctionType) -> dict[str, str]:
    """Text to value of what is compared, or asked, in the condition."""
    found: dict[str, str] = {}
    for part in _parts(tree):
        try:
            program = compile(ast.Expression(part), function.__code__.co_filename, "eval")
            value = eval(program, _namespace(function))  # the user's own text, as it is in the test
        except Exception:  # no part of a failure's text may hide the failure
            continue
        found[_text(part, file)] = _shown(value)
        if len(found) == PARTS_MAX:
            break
    return found


def _parts(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.BoolOp(values=values):
            return [part for value in values for part in _parts(value)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _parts(operand)
        case ast.Compare(left=left, comparators=[first, *_]):
            return [side for side in (left, first) if not _plain(side)]
        case ast.Constant():
            return []
        case _:
            return [tree]


def _plain(side: ast.expr) -> bool:
    """Whether the reader sees its value in the text already."""
    return all(isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Set | ast.Load) for node in ast.walk(side))


def _namespace(function: types.FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=False))
    return {**function.__globals__, **{name: cell.cell_contents for name, cell in cells}, **given}


def _text(part: ast.expr, file: str) -> str:
    return _one_line(ast.get_source_segment(file, part) or ast.unparse(part))


def _shown(value: object) -> str:
    shown = _one_line(repr(value))
    return shown if len(shown) <= VALUE_MAX else f"{shown[: VALUE_MAX - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
