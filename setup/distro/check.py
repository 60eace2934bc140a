"""The target `make distro-check`: the demo and the plugin's tests in a fresh Debian 13, as root and as a user; with
--systems, instead of them, every scenario of other people's systems.

It makes the root by debootstrap from the mirror that this machine's apt uses, enters it with mounts, devices and
processes of its own (`enter.sh`), sets the project up there as a user does, and runs everything twice: as root, and
as an ordinary user whose labs are rootless. The kernel is this machine's. The result goes to docs/distro-check.json and
into docs/fidelity.md, that of other people's systems into docs/systems-check.md. Exit status: 0 all is well, 1
something is not, 4 it cannot be tried here.

HERZSCHLAG_MIRROR names another mirror. Python packages come from the index that pip is configured for here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SUITE = "trixie"
RESULT = ROOT / "docs/distro-check.json"
INCLUDED = "make,ca-certificates"
"""Beside debootstrap's smallest set: what a user needs before `make`."""
PROJECT = "/home/tester/herzschlag"
USER = 1000
PLUGIN_TESTS = ("tests/unit/herzschlag/plugin", "tests/processes/plugin", "tests/lab/test_plugin.py")
KEPT = "docs/systems-check.json"
"""In the other root: the runs of other people's systems there."""
STAYS = (".venv", ".setup", "build", "runs")
"""Of a root that is used again: what the project made there."""
PASSES = 2
"""A run for which the machine was late proves nothing; another one is played after all others."""
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
HANDED = ("http_proxy", "https_proxy", "no_proxy")
SHOWN_LINES = 40
PIPED: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "text": True,
    "errors": "replace",
}


class CannotTry(Exception):
    """This machine cannot make or enter the root."""


class Far:
    """The other root, and commands in it."""

    def __init__(self, root: Path, environment: dict[str, str], log: Path) -> None:
        self.root = root
        self._environment = environment
        self._log = log

    def run(self, *command: str, user: int = 0, cwd: str = PROJECT, aloud: bool = False) -> tuple[int, str]:
        """Exit status and everything it said, which goes to the log as well; aloud: at once, and is printed."""
        home = "/root" if user == 0 else "/home/tester"
        words = ["env", "-i", "-C", cwd, *(f"{name}={value}" for name, value in self._environment.items())]
        said: list[str] = []
        with (
            self._log.open("a", encoding="utf-8") as log,
            subprocess.Popen(self._entering(user, [*words, f"HOME={home}", *command]), **PIPED) as process,
        ):
            log.write(f"$ {' '.join(command)}   (user {user})\n")
            assert process.stdout is not None, "PIPED"
            for line in process.stdout:
                said.append(line)
                log.write(line)
                if aloud:
                    log.flush()
                    print(line, end="", flush=True)
            status = process.wait()
            log.write(f"status {status}\n")
        return status, "".join(said)

    def _entering(self, user: int, words: list[str]) -> list[str]:
        enter = (str(ROOT / "setup/distro/enter.sh"), str(self.root), str(user))
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", *enter, *words]


def main() -> int:
    given = arguments()
    begun = time.monotonic()
    seconds: dict[str, float] = {}
    place = Path(tempfile.mkdtemp(prefix="herzschlag-distro-", dir="/var/tmp"))
    before: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    try:
        place.chmod(0o755)
        far = made(given.root or place / "root", place, seconds)
        result = joined(before, systems(far, given, seconds, before) if given.systems else check(far, seconds))
    except CannotTry as error:
        print(f"distro-check: {error}", file=sys.stderr)
        return 4
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if not given.systems:
        result["seconds"] = seconds | {"all": round(time.monotonic() - begun, 1)}
    RESULT.write_text(written(result), encoding="utf-8")
    if given.systems:
        subprocess.run([sys.executable, "-m", "bench.systems", "--page"], cwd=ROOT, check=True)
        good = not any(wrong(run) for run in result["systems"]["runs"])
    else:
        show(result)
        print(written({name: found for name, found in result.items() if name != "systems"}))
        good = all(one["demo"] == 0 and one["plugin's tests"] == 0 for one in result["as"].values())
    print("distro-check: " + ("all is well" if good else "NOT all is well"))
    return 0 if good else 1


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", action="store_true", help="the scenarios of other people's systems instead")
    parser.add_argument("--system", nargs="*", default=[], help="of these alone")
    parser.add_argument("--jobs", type=int, default=2, help="labs of other people's systems beside each other")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no run after that")
    parser.add_argument(
        "--root", type=Path, help="where the other root is made, and stays; what is there is used again"
    )
    return parser.parse_args(words)


def made(root: Path, place: Path, seconds: dict[str, float]) -> Far:
    """The other root with this checkout in it."""
    if os.geteuid() != 0:
        raise CannotTry("making a root of its own needs root: sudo make distro-check")
    far = Far(root.resolve(), environment(), ROOT / ".setup/distro-check.log")
    (ROOT / ".setup").mkdir(exist_ok=True)
    (ROOT / ".setup/distro-check.log").unlink(missing_ok=True)
    there = (root / PROJECT.lstrip("/")).exists()
    if not there:
        timed(seconds, "debootstrap", lambda: bootstrap(far.root, place))
    copy_project(far.root / PROJECT.lstrip("/"))
    if not there:
        settle(far)
    return far


def systems(far: Far, given: argparse.Namespace, seconds: dict[str, float], before: dict[str, Any]) -> dict[str, Any]:
    """Every scenario of other people's systems once, by root, then by a user."""
    until_s = time.monotonic() + given.minutes * 60
    must(timed(seconds, "set-up", lambda: far.run("make", "setup", "systems", aloud=True)), "make setup systems")
    kept = far.root / PROJECT.lstrip("/") / KEPT
    debian = debian_version(far)
    go_on(kept, debian, before.get("systems", {}))
    for number in range(PASSES):
        for who in ("root", "user"):
            left = (until_s - time.monotonic()) / 60
            words = playing(who, given.jobs, left, given.system)
            if left > 0:
                timed(seconds, f"by {who}, pass {number + 1}", lambda words=words: far.run(*words, aloud=True))
    if not kept.exists():
        raise CannotTry(f"nothing was played there: {ROOT / '.setup/distro-check.log'}")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return {"systems": {"debian": debian, **found}}


def go_on(kept: Path, debian: str, earlier: dict[str, Any]) -> None:
    """In a new root of the same Debian the runs of the last result count, too."""
    if not kept.exists() and earlier.get("debian") == debian:
        runs = {name: value for name, value in earlier.items() if name != "debian"}
        kept.write_text(json.dumps(runs), encoding="utf-8")


def playing(who: str, jobs: int, minutes: float, systems: list[str]) -> list[str]:
    words = [".venv/bin/python", "-m", "bench.systems", "--repeat", "1", "--who", who]
    words += ["--jobs", str(jobs), "--minutes", f"{minutes:.1f}"]
    return [*words, "--system", *systems] if systems else words


def wrong(run: dict[str, Any]) -> bool:
    """As bench/systems/kept.py says it."""
    return run["verdict"] == "violated" or bool(run.get("left"))


def joined(before: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What the other kind of check found stays."""
    if "systems" in new:
        return {**before, **new}
    return {**new, "systems": before["systems"]} if "systems" in before else new


def written(result: dict[str, Any]) -> str:
    """Its text: of other people's systems a run a line."""
    runs = result.get("systems", {}).get("runs", [])
    bare = {**result, "systems": {**result["systems"], "runs": []}} if runs else result
    text = json.dumps(bare, indent=2, ensure_ascii=False)
    lines = ",\n      ".join(json.dumps(run, ensure_ascii=False, separators=(",", ":")) for run in runs)
    return (text.replace('"runs": []', f'"runs": [\n      {lines}\n    ]') if runs else text) + "\n"


def check(far: Far, seconds: dict[str, float]) -> dict[str, Any]:
    before = used_mb(far.root)
    must(timed(seconds, "set-up", lambda: far.run("make", "setup")), "make setup")
    added = {
        "packages and .venv": used_mb(far.root) - before,
        ".venv": used_mb(far.root / f"{PROJECT}/.venv".lstrip("/")),
    }
    found: dict[str, Any] = {}
    for name, user in (("root", 0), ("user", USER)):
        if user:
            must(far.run("chown", "-R", f"{user}:{user}", "/home/tester", cwd="/"), "chown")
        demo, said = timed(seconds, f"make demo as {name}", lambda user=user: far.run("make", "demo", user=user))
        print(said, flush=True)
        tests, told = timed(seconds, f"plugin's tests as {name}", lambda user=user: far.run(*pytest_line(), user=user))
        summary = told.strip().splitlines()[-1].strip("= ").partition(" in ")[0] if told.strip() else "nothing"
        if tests:
            print("\n".join(told.splitlines()[-SHOWN_LINES:]), flush=True)
        found[name] = {
            "demo": demo,
            "demo said": last_of(said, " hold"),
            "plugin's tests": tests,
            "tests said": summary,
        }
    return {"date": time.strftime("%Y-%m-%d"), "suite": SUITE, **versions(far), "added MB": added, "as": found}


def environment() -> dict[str, str]:
    """The environment of commands in the other root: what pip needs to reach the same index, nothing else of ours."""
    handed = {name: os.environ[name] for name in HANDED if name in os.environ}
    index = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if index:
        handed["PIP_INDEX_URL"] = index
    if CA_BUNDLE.is_file():
        handed["PIP_CERT"] = "/etc/herzschlag-ca.pem"
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    # Without packets a test must fail here, not be skipped.
    return handed | {"PATH": path, "LANG": "C.UTF-8", "HERZSCHLAG_REQUIRE_PACKETS": "1"}


def mirror() -> str:
    """Where this machine's apt gets Debian from."""
    if told := os.environ.get("HERZSCHLAG_MIRROR"):
        return told
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    for line in listed:
        address, _, release = line.partition(" ")
        if address and "-" not in release and "security" not in address:
            return address
    raise CannotTry("apt names no mirror of Debian here; name one: HERZSCHLAG_MIRROR=ADDRESS make distro-check")


def bootstrap(root: Path, place: Path) -> None:
    words = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", SUITE, str(root), mirror()]
    log = place / "debootstrap.txt"
    with log.open("w", encoding="utf-8") as sink:
        done = subprocess.run(words, stdout=sink, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise CannotTry(f"debootstrap failed:\n{''.join(log.read_text().splitlines(keepends=True)[-10:])}")


def copy_project(target: Path) -> None:
    """What git tracks or would track, edits included; the runs of other people's systems are those played there."""
    kept = target / KEPT
    played = kept.read_bytes() if kept.exists() else None
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        if old.name not in STAYS:
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    for name in tracked():
        source, copy = ROOT / name, target / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
    kept.unlink(missing_ok=True)
    if played is not None:
        kept.write_bytes(played)


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [name for name in listed.decode().split("\0") if name]


def settle(far: Far) -> None:
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", far.root / "etc" / name)
    if CA_BUNDLE.is_file():
        shutil.copy(CA_BUNDLE, far.root / "etc/herzschlag-ca.pem")
    must(far.run("useradd", "--uid", str(USER), "--home-dir", "/home/tester", "tester", cwd="/"), "useradd")


def pytest_line() -> list[str]:
    return [".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGIN_TESTS]


def versions(far: Far) -> dict[str, str]:
    """As the last run's own file says."""
    files = sorted((far.root / PROJECT.lstrip("/") / "runs").glob("*/*/run.json"))
    told = json.loads(files[-1].read_text())["versions"] if files else {}
    wanted = ("python", "kernel", "datapath", "controller", "open vswitch")
    return {"debian": debian_version(far), **{name: told.get(name, "?") for name in wanted}}


def debian_version(far: Far) -> str:
    return (far.root / "etc/debian_version").read_text().strip()


def timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    answer = work()
    seconds[name] = round(time.monotonic() - begun, 1)
    print(f"== {name}: {seconds[name]} s", flush=True)
    return answer


def must(answer: tuple[int, str], what: str) -> None:
    status, said = answer
    if status:
        raise CannotTry(f"{what} failed there with status {status}:\n" + "\n".join(said.splitlines()[-SHOWN_LINES:]))


def used_mb(folder: Path) -> int:
    done = subprocess.run(["du", "-sxm", str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def last_of(text: str, word: str) -> str:
    found = next((line for line in reversed(text.splitlines()) if word in line), "nothing")
    return " ".join(found.split())


def show(result: dict[str, Any]) -> None:
    """The result as a part of docs/fidelity.md."""
    added, seconds = result["added MB"], result["seconds"]
    lines = [
        "## In Debian 13",
        "",
        f"`make distro-check`, {result['date']}: a fresh Debian {result['debian']} ({result['suite']}) made by"
        f" debootstrap, on this machine's kernel {result['kernel']}; Python {result['python']}, Open vSwitch"
        f" {result['open vswitch']}, datapath {result['datapath']}, {result['controller']}."
        f" `make setup` took {seconds['set-up']:.0f} s and {added['packages and .venv']} MB, of which `.venv`"
        f" {added['.venv']} MB.",
        "",
        "| As | `make demo` | Took | The plugin's tests | Took |",
        "|---|---|---:|---|---:|",
    ]
    for name, one in result["as"].items():
        who = "root" if name == "root" else "an ordinary user, rootless"
        lines.append(
            f"| {who} | status {one['demo']}: {one['demo said']} | {seconds[f'make demo as {name}']:.0f} s"
            f" | {one['tests said']} | {seconds[f'''plugin's tests as {name}''']:.0f} s |"
        )
    lines += ["", "All of it in [distro-check.json](distro-check.json)."]
    page = [sys.executable, ROOT / "setup/fidelity.py", "setup/distro/check.py"]
    subprocess.run(page, input="\n".join(lines), check=True, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
