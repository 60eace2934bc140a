"""The bundle: the project's files with their digests, and an archive of them to send.

From a checkout: what git tracks or would track, as it is on disk, changes included. From an installed package: its own
files, and a project file made from its metadata, so that the other machine can install the same dependencies.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from herzschlag.remote.errors import RemoteTrouble

PACKAGE = "herzschlag/"
LINK = 0o120000  # in place of a mode: a symbolic link, whose content is its target
FROM_CHECKOUT = (
    "if command -v make >/dev/null; then exec make --no-print-directory setup; else exec setup/provision.sh lab; fi"
)
# An installed package has no Makefile: Debian's packages stay as they are, and `doctor` says what is missing.
FROM_PACKAGE = (
    "[ -f .venv/herzschlag-ready ] && [ .venv/herzschlag-ready -nt pyproject.toml ] && exit 0;"
    " echo 'herzschlag set-up: making .venv …'; rm -rf .venv; python3 -m venv .venv &&"
    " .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --editable '.[lab]' &&"
    " touch .venv/herzschlag-ready"
)


@dataclass(frozen=True, slots=True)
class Bundle:
    version: str
    digests: dict[str, str]  # path -> SHA-256
    archive: bytes
    setup: str  # shell command that makes it run, in its folder; quick and silent when there is nothing to do

    @property
    def archive_digest(self) -> str:
        return hashlib.sha256(self.archive).hexdigest()


def checkout_of(package: Path) -> Path | None:
    top = package.resolve().parents[1]
    return top if (top / ".git").exists() and (top / "setup" / "provision.sh").is_file() else None


def make_bundle(top: Path | None = None) -> Bundle:
    top = top or checkout_of(Path(__file__).parent)
    return _pack(_tracked(top), FROM_CHECKOUT) if top else _pack(_installed(), FROM_PACKAGE)


def _pack(files: dict[str, tuple[bytes, int]], setup: str) -> Bundle:
    """Each file is read once, so that an edit in the middle cannot make digest and archive differ."""
    digests = {path: hashlib.sha256(content).hexdigest() for path, (content, _) in sorted(files.items())}
    whole = hashlib.sha256(repr([(path, digests[path], files[path][1]) for path in digests]).encode()).hexdigest()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in digests:
            content, mode = files[path]
            member = tarfile.TarInfo(path)
            if mode == LINK:
                member.type, member.linkname = tarfile.SYMTYPE, content.decode()
                tar.addfile(member)
                continue
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return Bundle(version=whole[:16], digests=digests, archive=gzip.compress(plain.getvalue(), 6, mtime=0), setup=setup)


def _tracked(top: Path) -> dict[str, tuple[bytes, int]]:
    command = ["git", "-C", str(top), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise RemoteTrouble(f"git does not list the files of {top}: {error}") from None
    files = {}
    for name in sorted(set(listed.decode().split("\0")) - {""}):
        path = top / name
        if path.is_symlink():
            files[name] = (str(path.readlink()).encode(), LINK)
        elif path.is_file():
            files[name] = (path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644)
    return files


def _installed() -> dict[str, tuple[bytes, int]]:
    distribution = metadata.distribution("herzschlag")
    files = {
        str(file): (Path(str(file.locate())).read_bytes(), 0o644)
        for file in distribution.files or ()
        if str(file).startswith(PACKAGE) and file.suffix != ".pyc"
    }
    files["pyproject.toml"] = (_project_file(distribution).encode(), 0o644)
    return files


def _project_file(distribution: metadata.Distribution) -> str:
    always, lab = [], []
    for line in distribution.requires or ():
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if not marker:
            always.append(requirement)
        elif re.search(r"""extra == ["']lab["']""", marker):
            lab.append(requirement)
    return (
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "herzschlag"\nversion = "{distribution.version}"\ndependencies = {always!r}\n'
        f"[project.optional-dependencies]\nlab = {lab!r}\n"
        '[project.scripts]\nherzschlag = "herzschlag.cli.app:main"\n'
        '[tool.setuptools.packages.find]\ninclude = ["herzschlag*"]\n'
    )
