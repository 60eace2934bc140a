"""What a user gets who installs the wheel: all of the four packages, nothing else, under names that are ours alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agents", "topo", "controller", "herzschlag")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout as it is now, built offline from a copy: building leaves files beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=IGNORED)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "out"), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = (copy / "out").glob("*.whl")
    return made


def test_the_wheel_holds_every_file_of_the_four_packages_and_no_other(wheel: Path) -> None:
    """A scenario, a page or a dissector left out works in every checkout and in no installation."""
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.parts[-2:])
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed - there == set()
    assert there - packed == set()
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed


def test_the_wheel_carries_its_licence_and_can_not_be_published_by_accident(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (described,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    text = archive.read(described).decode()
    assert "Classifier: Private :: Do Not Upload" in text
    assert any(name.endswith("/LICENSE") for name in archive.namelist())


def test_each_of_the_four_names_has_one_owner() -> None:
    """`agents` is also the name of other people's packages: two owners of a name silently lose to each other."""
    owners = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(owners[package]) == {"herzschlag"}, f"pip uninstall one of {owners[package]}: both bring {package}"


def test_an_editable_installation_imports_this_checkout() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", "import agents; print(agents.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert Path(asked.stdout.strip()) == ROOT / "agents/__init__.py"


def test_every_dependency_is_locked() -> None:
    """A new dependency without `make lock` would install whatever is newest that day."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    pins = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {normal(line.partition("==")[0]) for line in pins if not line.startswith("#")}
    names = {normal(one.translate(str.maketrans("<>=![; ", "       ")).split()[0]) for one in wanted}
    assert names - locked == set(), "run `make lock`"


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
