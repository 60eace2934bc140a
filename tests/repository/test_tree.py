"""The tree shows the architecture: no file that hides a second noun, no folder spelled as a prefix, no folder without
a word of what is in it."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
LINES_MAX = 400
FAMILY_MAX = 2
"""Files of one folder that may share what is before their first underscore."""

LONGER: dict[str, str] = {
    "herzschlag/remote/far.py": "sent to the other machine as one text, before anything of the project is there",
}
"""Files over LINES_MAX lines, each with the reason why it stays in one piece."""


@pytest.fixture(scope="module")
def files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: cannot tell which files are the repository's")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def families(files: list[str]) -> dict[str, int]:
    """Prefixes that more than FAMILY_MAX files of one folder share: each is a folder in disguise."""
    found: Counter[str] = Counter()
    for name in files:
        path = PurePosixPath(name)
        prefix, underscore, _ = path.stem.partition("_")
        if underscore and prefix not in ("test", ""):
            found[f"{path.parent}/{prefix}_"] += 1
    return {prefix: count for prefix, count in found.items() if count > FAMILY_MAX}


def test_no_folder_is_spelled_as_a_prefix(files: list[str]) -> None:
    assert families(files) == {}


def test_a_planted_family_is_found() -> None:
    planted = ["agents/driver_net.py", "agents/driver_ping.py", "agents/driver_vm.py", "tests/test_a.py"]
    assert families(planted) == {"agents/driver_": 3}


def test_a_file_over_400_lines_says_why(files: list[str]) -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in files}
    assert {name for name, lines in lengths.items() if lines > LINES_MAX} == set(LONGER)


def test_every_folder_says_what_is_in_it(files: list[str]) -> None:
    folders = {str(PurePosixPath(name).parent) for name in files if name.startswith(("agents", "topo", "controller"))}
    folders |= {str(PurePosixPath(name).parent) for name in files if name.startswith("herzschlag/")}
    silent = [folder for folder in sorted(folders) if not said_of(folder)]
    assert silent == []


def said_of(folder: str) -> str:
    init = ROOT / folder / "__init__.py"
    text = init.read_text(encoding="utf-8") if init.exists() else ""
    return text.removeprefix('"""').partition("\n")[0] if text.startswith('"""') else ""
