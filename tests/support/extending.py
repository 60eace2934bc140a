"""A package of the documentation: a page's blocks as files, installed as pip would do it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.inherited import inherited

ROOT = Path(__file__).resolve().parents[2]
EXTENDING, YOUR_SYSTEM = ROOT / "docs/extending.md", ROOT / "docs/your-system.md"
_BLOCK = re.compile(r"^```(?:python|toml)\n# (?P<name>[\w./-]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def files(document: Path = EXTENDING) -> dict[str, str]:
    """Each file's name with its text; every block of Python or TOML has a name."""
    text = document.read_text(encoding="utf-8")
    found = {block["name"]: block["text"] for block in _BLOCK.finditer(text)}
    assert len(found) == text.count("```python\n") + text.count("```toml\n")
    return found


def install(folder: Path, document: Path = EXTENDING) -> Path:
    """Write the package, install it apart from everything else, and return where: for PYTHONPATH."""
    source, site = folder / "source", folder / "site"
    for name, text in files(document).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    offline = ["--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(site), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def project_in(
    folder: Path, document: Path = EXTENDING, names: tuple[str, ...] = ("rack.toml", "test_rack.py")
) -> Path:
    """The files of a user's project, which uses the package, in a folder."""
    for name in names:
        (folder / name).write_text(files(document)[name], encoding="utf-8")
    return folder


def command(
    site: Path, folder: Path, *words: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """`python -m …` in a folder, with the package installed; `typed` is its standard input."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**inherited(), "PYTHONPATH": str(site), "TERM": "dumb", "COLUMNS": "200", **environment},
        input=typed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
