"""The content of the wheel: one package, `herzschlag`, with every file of it, and no other name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.support import own_project

ROOT = Path(__file__).parents[2]
LINKED = ("agents", "topo", "controller")  # herzschlag/NAME is a link to the folder NAME at the top
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout as it is now, built offline from a copy: building leaves files beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in ("herzschlag", *LINKED):
        shutil.copytree(ROOT / folder, copy / folder, ignore=IGNORED, symlinks=True)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "out"), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = (copy / "out").glob("*.whl")
    return made


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    """A scenario, a page or a dissector left out works in every checkout and in no installation; a second top-level
    name would hide a folder of that name in a user's project."""
    there = {
        f"{inside}{path.relative_to(ROOT).as_posix()}"
        for folder, inside in (("herzschlag", ""), *((name, "herzschlag/") for name in LINKED))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts[-2:])
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed - there == set()
    assert there - packed == set()
    assert "herzschlag/py.typed" in packed
    assert {name.split("/")[0] for name in packed} == {"herzschlag"}


def test_the_wheel_carries_its_licence_and_can_not_be_published_by_accident(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (described,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    text = archive.read(described).decode()
    assert "Classifier: Private :: Do Not Upload" in text
    assert any(name.endswith("/LICENSE") for name in archive.namelist())


def test_a_project_with_folders_of_our_names_uses_the_plugin_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """In a wheel `agents`, `topo` and `controller` are folders of the package, not links; the project has its own."""
    installed, folder = tmp_path / "site-packages", tmp_path / "project"
    zipfile.ZipFile(wheel).extractall(installed)
    tests = own_project.write(folder)
    (folder / "test_where.py").write_text(
        "import herzschlag.agents, agents\n"
        "def test_where():\n"
        "    assert 'site-packages' in herzschlag.__file__ and 'site-packages' in herzschlag.agents.__file__\n"
        "    assert 'project' in agents.__file__\n"
    )
    done = own_project.pytest_there(folder, "--herzschlag-backend", "simulation", installed=installed)
    assert done.returncode == 0 and f"{tests + 1} passed" in done.stdout, done.stdout + done.stderr


def test_the_distribution_claims_one_name() -> None:
    """`agents` is also the name of other people's packages: two owners of a name silently lose to each other."""
    owners = metadata.packages_distributions()
    assert [name for name, theirs in owners.items() if "herzschlag" in theirs] == ["herzschlag"]
    assert set(owners["herzschlag"]) == {"herzschlag"}


def test_the_folders_at_the_top_are_the_packages() -> None:
    for name in LINKED:
        assert (ROOT / "herzschlag" / name).readlink() == Path("..") / name


def test_an_editable_installation_imports_this_checkout() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "import herzschlag.agents as a; print(a.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert Path(asked.stdout.strip()) == ROOT / "herzschlag/agents/__init__.py"


def test_every_dependency_is_locked() -> None:
    """A new dependency without `make lock` would install whatever is newest that day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    pins = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {normal(line.partition("==")[0]) for line in pins if not line.startswith(("#", " "))}
    names = {normal(one.translate(str.maketrans("<>=![; ", "       ")).split()[0]) for one in wanted}
    assert names - locked == set(), "run `make lock`"


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
