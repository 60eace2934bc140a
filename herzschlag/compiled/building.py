"""Building the compiled modules: a copy of the package is compiled by mypyc in a folder that is removed again.

This module decides the compiler's options, and which sources the result depends on: every module of ours that is
imported when the compiled ones are.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from herzschlag.compiled import folder
from herzschlag.compiled.modules import PACKAGE, module_names, module_paths
from herzschlag.errors import UnusableMachine

BUILD_SCRIPT = "compile.script"
SET_UP = """
from mypyc.build import mypycify
from setuptools import setup

setup(name="compiled", packages=[], py_modules=[], ext_modules=mypycify({files!r}, opt_level="2", debug_level="0"))
"""
MYPY = "[mypy]\nexplicit_package_bases = True\nignore_missing_imports = True\nmypy_path = $MYPY_CONFIG_FILE_DIR\n"
IMPORTED = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name.partition(".")[0] == "herzschlag"]))
"""


class CannotCompileError(UnusableMachine):
    """Something is missing, or the compiler failed."""


def lacking() -> str:
    """What this machine lacks for compiling; empty: nothing."""
    if importlib.util.find_spec("mypyc") is None or importlib.util.find_spec("setuptools") is None:
        return "mypyc is missing: it comes with mypy, in the extra `dev`"
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        return "a C compiler is missing: Debian's package is gcc"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        return "Python's headers are missing: Debian's package is python3-dev"
    return ""


def build(where: Path) -> Path:
    """Compile into `where`, which appears whole or not at all. Raises CannotCompileError."""
    if why := lacking():
        raise CannotCompileError(why)
    with tempfile.TemporaryDirectory(prefix="herzschlag-compiled-") as made_in:
        work = Path(made_in)
        shutil.copytree(
            PACKAGE, work / "herzschlag", ignore=shutil.ignore_patterns("__pycache__", "*.so", "built", ".*")
        )
        files = ["--config-file=mypy.ini", *(f"herzschlag/{path}.py" for path in module_paths())]
        (work / BUILD_SCRIPT).write_text(SET_UP.format(files=files), encoding="utf-8")
        (work / "mypy.ini").write_text(MYPY, encoding="utf-8")
        _run(work, BUILD_SCRIPT, "-q", "build_ext", "--build-lib", "out")
        names = json.loads(_run(work, "-c", IMPORTED, json.dumps(module_names())))
        _keep(work / "out", where, _sources(names, work / "herzschlag"))
    return where


def _keep(out: Path, where: Path, sources: dict[str, str]) -> None:
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    libraries = {
        path.relative_to(out).as_posix().removesuffix(suffix).replace("/", "."): path.relative_to(out).as_posix()
        for path in sorted(out.rglob(f"*{suffix}"))
    }
    made = folder.Made(suffix=suffix, libraries=libraries, sources=sources)
    folder.write(out, made)
    where.parent.mkdir(parents=True, exist_ok=True)
    fresh = where.with_name(f"{where.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(out, fresh)
    shutil.rmtree(where, ignore_errors=True)
    fresh.rename(where)


def _sources(names: list[str], package: Path) -> dict[str, str]:
    """The hashes of what was compiled: the copy, which stays as it is meanwhile."""
    found = {}
    for name in sorted(names):
        inside = name.partition(".")[2].replace(".", "/")
        for path in (f"{inside}.py", f"{inside}/__init__.py".removeprefix("/")):
            if (package / path).is_file():
                found[path] = folder.hash_of(package / path)
    return found


def _run(cwd: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise CannotCompileError(said[0] if said else done.stderr[-300:])
    return done.stdout
