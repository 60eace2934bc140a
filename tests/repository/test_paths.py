"""Every path that a document, a comment or a docstring names exists, and every link of a document leads somewhere."""

import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]

LINKED = ("agents", "topo", "controller")
"""Folders that `herzschlag/` holds as links."""
READ = (".md", ".py", ".sh", ".toml", ".txt", ".js", ".lua", ".html", "Makefile", "Vagrantfile", "run")
INVENTED = ("tests/repository/", "tests/setup/")
"""Files about repositories that do not exist."""
EXAMPLES = {
    "_ws.lua": "a field of Wireshark",
    "again.toml": "a file that a user saves",
    "campaign.toml": "a file of a campaign's directory",
    "by-hand.toml": "a file that the live page saves",
    "agents/herzschlag/agents/": "a layout that was not chosen",
    "agents/test_agents.py": "a test in a user's project",
    "herzschlag.lua": "the installed dissector",
    "herzschlag/vm-check": "a Vagrant box",
    "exercised.md": "a page that a search writes",
    "explored/exercised.md": "a page that a search writes",
    "found/NAME.toml": "a scenario that a search writes",
    "found/test_NAME.py": "a test that a search writes",
    "NAME.toml": "a scenario that a search writes",
    "test_NAME.py": "a test that a search writes",
    "herzschlag/NAME": "a placeholder",
    "herzschlag_extras/__init__.py": "the package that a tutorial makes",
    "herzschlag_extras/brisk.py": "the package that a tutorial makes",
    "herzschlag_extras/rack.py": "the package that a tutorial makes",
    "cut-off.toml": "a user's scenario",
    "mybeat.toml": "a file that init writes",
    "mybeat-cut-off.toml": "a file that init writes",
    "my-system.toml": "a file that init writes",
    "my-scenario.toml": "a file that init writes",
    "mybeat/daemon.py": "the package that a document makes",
    "mybeat/lab.py": "the package that a document makes",
    "mybeat/system.toml": "the package that a document makes",
    "system.toml": "the package that a document makes",
    "test_mybeat.py": "a user's test",
    "many.toml": "a file that a benchmark writes",
    "my-case.toml": "a user's scenario",
    "my-lab.toml": "a user's scenario",
    "nightly.toml": "a user's campaign file",
    "path/to/file.toml": "a placeholder",
    "rack.toml": "a user's scenario",
    "scenario.toml": "a file of a run directory",
    "test_bare.py": "a file that a benchmark writes",
    "test_fails.py": "a user's test",
    "test_marker.py": "a user's test",
    "test_one.py": "a file that a benchmark writes",
    "test_partition.py": "a user's test",
    "test_rack.py": "a user's test",
    "test_typed.py": "a user's test",
}
"""Names that are not files of this repository, with what they are."""

_TOP = ("agents", "bench", "controller", "docs", "herzschlag", "setup", "tests", "topo")
_PATH = re.compile(rf"(?<![\w./~{{}}<>-])(?:{'|'.join(_TOP)})/[\w.*/{{}},-]*[\w*}}/](?![\w{{%$])")
_NAME = re.compile(r"(?<![\w./~$<>@*{}\\-])(?!self\.)[A-Za-z_][\w-]*(?:/[\w.-]+)*\.(?:py|md|toml|sh|js|lua)(?![\w*/(])")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


class Tree:
    """The names under which the files and folders of a repository can be found."""

    def __init__(self, files: list[str]) -> None:
        self.whole = {*files, *(str(folder) for name in files for folder in PurePosixPath(name).parents)}
        self.whole |= {f"herzschlag/{name}" for name in self.whole if name.split("/")[0] in LINKED}
        self.endings = {"/".join(name.split("/")[at:]) for name in self.whole for at in range(name.count("/") + 1)}

    def has(self, path: str) -> bool:
        """A whole path, one with `*`, one with alternatives in braces, or the number of a decision."""
        if (braces := re.search(r"\{([^{}]*)\}", path)) is not None:
            return all(self.has(path[: braces.start()] + one + path[braces.end() :]) for one in braces[1].split(","))
        path = path.rstrip("/.,")
        if "*" in path:
            return any(fnmatch(name, path) for name in self.whole)
        return path in self.whole or any(name.startswith((f"{path}-", f"{path}.")) for name in self.whole)


def missing(text: str, tree: Tree) -> Iterator[tuple[int, str]]:
    """(number of the line, path or name of a file) for everything that is named and does not exist."""
    for number, line in enumerate(text.split("\n"), start=1):
        for path in _PATH.findall(line):
            computed = "{" in path and "," not in path
            if path not in EXAMPLES and not computed and not tree.has(path):
                yield number, path
        for name in _NAME.findall(line):
            if name not in EXAMPLES and name.split("/")[0] not in _TOP and name not in tree.endings:
                yield number, name


def test_every_named_path_exists() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: the files of the project are not known")
    files = tracked()
    tree = Tree(files)
    wrong = []
    for name in files:
        path = ROOT / name
        if not name.endswith(READ) or name.startswith(INVENTED) or path.is_symlink() or path.is_dir():
            continue
        for number, path_named in missing(path.read_text(encoding="utf-8"), tree):
            if name.startswith("tests/") and path_named.split("/")[0] not in _TOP:
                continue  # tests write files of their own
            wrong.append(f"{name}:{number}: {path_named} does not exist")
    assert not wrong, "\n".join(wrong)


def test_every_link_of_a_document_leads_to_a_file() -> None:
    wrong = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in _LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                wrong.append(f"{page.relative_to(ROOT)}: {target}")
    assert not wrong, "\n".join(wrong)


TREE = Tree(["agents/ha/agent.py", "topo/spec.py", "docs/decisions/0003-grid.md", "herzschlag/cli/app.py"])


@pytest.mark.parametrize(
    "text",
    [
        "`agents/agent.py`",
        "in topo/{spec,gone}.py",
        "docs/decisions/0004",
        "see herzschlag/cli/*.md",
        "left to `gone.py`",
    ],
)
def test_a_path_that_does_not_exist_is_found(text: str) -> None:
    assert list(missing(text, TREE))


@pytest.mark.parametrize(
    "text",
    [
        "`agents/ha/agent.py`, the folder agents/ha/ and herzschlag/agents/ha/agent.py",
        "in topo/{spec}.py, and docs/decisions/0003",
        "see herzschlag/cli/*.py",
        "left to `agent.py` and `cli/app.py`",
        "other/agents/gone/, by-hand.toml, f'topo/{name}.py'",
    ],
)
def test_paths_that_exist_pass(text: str) -> None:
    assert not list(missing(text, TREE))
