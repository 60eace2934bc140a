"""Writes build/herzschlag-lesson.zip: a lesson for a room without a network.

python docs/site/zipped.py           the zip: the course, the runs of its chapters, the wheel and all that it needs
python docs/site/zipped.py --check   unpacks it, installs it without an index, and takes a scene of `lesson --lang de`,
                                     as root: as an ordinary user, without Open vSwitch on PATH and without a network

In it are the site with the course in both languages, the reports of the chapters' scenarios in virtual time, the wheel
of Herzschlag with the extra `live`, and every wheel that these need, for the systems and versions of Python below. This
module decides that; it needs MkDocs Material, which `make lesson-zip` installs, and a package index for the wheels.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import build
import pages
from herzschlag.lesson.chapter import chapters

ROOT = pages.ROOT
NAME = "herzschlag-lesson"
TEXTS = Path(__file__).with_name("zip")
"""What a user reads first, in both languages."""
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = (
    ("manylinux2014_x86_64", "manylinux_2_28_x86_64"),
    ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
    ("win_amd64",),
    ("macosx_11_0_arm64",),
    ("macosx_10_13_x86_64", "macosx_10_9_x86_64"),
)
"""Of pupils' computers: each of them by all the names that its wheels may have."""
ALSO = ("colorama",)
"""What another system than this one needs: pip sees the conditions of its own system alone."""
NOBODY = 65534
"""The number of a user who owns nothing."""
SECONDS_MAX = 300
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)


def scenarios() -> list[str]:
    """Those of the chapters, in their order."""
    return list(dict.fromkeys(scene.scenario for chapter in chapters() for scene in chapter.scene))


def locked(text: str) -> dict[str, str]:
    """Name to version, of a list with hashes."""
    return {name.lower(): version for name, version in _LOCKED.findall(text)}


def wheel(target: Path) -> Path:
    """Herzschlag's own, built from a copy of the tracked files, so that nothing appears in the checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file() or (ROOT / name).is_symlink():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(copy)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS_MAX)
    (found,) = target.glob("herzschlag-*.whl")
    return found


def wheels(target: Path) -> None:
    """Ours, and every other that it needs, in the versions of requirements.lock."""
    own = wheel(target)
    versions = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    with TemporaryDirectory() as folder:
        pinned = Path(folder) / "versions.txt"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
        download(target, f"{own}[live]", "--constraint", str(pinned))
    for name in ALSO:
        download(target, f"{name}=={versions[name]}", "--no-deps")
    for file in sorted(target.glob("*.whl")):
        if not file.name.endswith("-none-any.whl"):  # made for this machine: others need their own
            name, version = file.name.split("-")[:2]
            for python in PYTHONS:
                for platform in PLATFORMS:
                    names = [word for one in platform for word in ("--platform", one)]
                    download(target, f"{name}=={version}", "--no-deps", "--python-version", python, *names)


def download(target: Path, wanted: str, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--dest", str(target), *options, wanted]
    subprocess.run(command, check=True, timeout=SECONDS_MAX)


def write(folder: Path, jobs: int) -> Path:
    """The zip. Raises CalledProcessError for a program that failed; it has said why."""
    made = folder / NAME
    shutil.rmtree(made, ignore_errors=True)
    (made / "wheels").mkdir(parents=True)
    wheels(made / "wheels")
    status = build.site(folder / f"{NAME}-site", jobs, scenarios())
    if status:
        raise subprocess.CalledProcessError(status, "mkdocs")
    shutil.copytree(folder / f"{NAME}-site" / "site", made / "site")
    for text in TEXTS.iterdir():
        shutil.copy(text, made)
    return Path(shutil.make_archive(str(folder / NAME), "zip", folder, NAME))


def check(packed: Path) -> dict[str, Any]:
    """Unpack and install as the README says, without an index, and take the lesson's first scene: what `room.py` says
    of it. Raises CalledProcessError, OSError."""
    with TemporaryDirectory() as folder:
        room = Path(folder)
        with zipfile.ZipFile(packed) as file:
            file.extractall(room)
        unpacked = room / NAME
        subprocess.run([sys.executable, "-m", "venv", str(unpacked / "venv")], check=True, timeout=SECONDS_MAX)
        programs = unpacked / "venv" / ("Scripts" if os.name == "nt" else "bin")
        install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-index", "--find-links", "wheels"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP", "VIRTUAL"))}
        subprocess.run([*install, "herzschlag[live]"], check=True, cwd=unpacked, env=kept, timeout=SECONDS_MAX)
        shutil.copy(Path(__file__).with_name("room.py"), room)
        home = room / "home"
        for shared in (room, home):
            shared.mkdir(exist_ok=True)
            shared.chmod(0o777)
        command = [*alone(), str(programs / "python"), str(room / "room.py"), str(programs / "herzschlag")]
        pupil = kept | {"HOME": str(home), "PATH": str(programs)}  # nothing of a lab is on it
        done = subprocess.run(command, check=True, cwd=home, env=pupil, stdout=subprocess.PIPE, timeout=SECONDS_MAX)
        told: dict[str, Any] = json.loads(done.stdout)
        return told


def alone() -> list[str]:
    """What a command begins with to be an ordinary user's that has the loopback interface alone. Empty where it takes
    rights that this user has not; then the check is one of the installation."""
    found = [shutil.which(name) for name in ("unshare", "sh", "ip", "setpriv")]
    if not all(found) or os.geteuid() != 0:
        return []
    unshare, shell, ip, setpriv = map(str, found)
    user = f"{setpriv} --reuid {NOBODY} --regid {NOBODY} --clear-groups --no-new-privs --bounding-set=-all"
    return [unshare, "--net", "--", shell, "-c", f'{ip} link set lo up && exec {user} "$@"', shell]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="install from the zip and open the lesson")
    options.add_argument("--build", type=Path, default=ROOT / "build", help="the folder for all that is made")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = options.parse_args()
    if asked.check:
        told = check(asked.build / f"{NAME}.zip")
        fine = 'lang="de"' in told["page"] and told["title"] == chapters()[0].title.de and told["answers"]
        where = f"user {told['user']}, interfaces {', '.join(told['networks'])}"
        sys.stdout.write(f"the lesson answers in German ({where})\n" if fine else f"not the lesson:\n{told}\n")
        return 0 if fine else 1
    packed = write(asked.build, asked.jobs)
    sys.stdout.write(f"{packed}, {packed.stat().st_size / 1e6:.0f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
