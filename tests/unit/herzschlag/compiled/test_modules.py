"""The list of compiled modules: each is a file, once, and none holds values whose options mypyc would drop."""

from __future__ import annotations

import ast

from herzschlag.compiled.modules import PACKAGE, module_names, module_paths


def test_each_is_a_file_and_there_once() -> None:
    paths = module_paths()
    assert len(set(paths)) == len(paths)
    assert [path for path in paths if not (PACKAGE / f"{path}.py").is_file()] == []
    assert "herzschlag.agents.ha.agent" in module_names()


def test_no_values_of_msgspec_are_inherited_from_in_them_by_others() -> None:
    """mypyc drops the options of a class (`frozen`, `kw_only`): a subclass with required fields would not import."""
    bases = {
        base.id
        for path in module_paths()
        for node in ast.walk(ast.parse((PACKAGE / f"{path}.py").read_text()))
        if isinstance(node, ast.ClassDef) and node.keywords
        for base in node.bases
        if isinstance(base, ast.Name)
    }
    assert bases == set()  # all are `msgspec.Struct` itself
