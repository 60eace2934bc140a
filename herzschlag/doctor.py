"""The doctor: what this machine can do, what it lacks, what that is needed for, and the command that installs it.

Every answer is a `Probe`: a value found by trying, never guessed from names or versions if the thing itself can be
tried. It changes nothing: trials of the kernel run in namespaces that vanish with the trial. `topo/requirements.py`
lists everything beside the kernel. This module and that file use the standard library only, so that
`python3 -m herzschlag.doctor` answers on a machine that has nothing else. Starting labs is left to topo, and choosing
between Ryu and os-ken to the controller; this module only reports them.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata, util
from itertools import pairwise
from pathlib import Path

from herzschlag.topo import environment
from herzschlag.topo.requirements import REQUIREMENTS, Requirement

TRIAL_SECONDS_MAX = 10.0  # any one trial; all of them take milliseconds on a healthy machine
LAB_MODULES = tuple(f"herzschlag.{part}" for part in ("topo.", "agents.", "controller", "backends."))  # by `python -m`
OUR_NAME = "herzschlag"

# What installs a thing when it is missing.
DEBIAN, PYTHON = "debian", "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    name: str
    ok: bool
    needed: bool  # True: every lab on real packets needs it; False: only `purpose` is lost without it
    purpose: str  # what it is needed for
    detail: str  # what was found
    fix: str = ""  # the exact command or step; empty when ok


# --- trying ---


def try_command(command: Sequence[str], given: str | None = None) -> tuple[int, str]:
    """Exit status and all output; 127 when there is no such program."""
    try:
        done = subprocess.run(
            command,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=TRIAL_SECONDS_MAX,
            check=False,
            env={**os.environ, "PATH": environment.search_path()},
        )
    except FileNotFoundError:
        return 127, f"{command[0]}: no such program"
    except (OSError, subprocess.TimeoutExpired) as error:
        return 126, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def in_namespace(
    *command: str, given: str | None = None, kinds: Sequence[str] = ("--net", "--mount")
) -> tuple[int, str]:
    """Try a command where it can break nothing: in namespaces of its own, made as root or with a user namespace."""
    as_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return try_command(("unshare", *as_user, *kinds, *command), given)


def first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""


def sudo(command: str) -> str:
    return command if os.geteuid() == 0 else f"sudo {command}"


def by_apt(*packages: str) -> str:
    return sudo(f"apt-get install --no-install-recommends {' '.join(packages)}")


def package_of(program_name: str) -> str:
    return next(one.package for one in REQUIREMENTS if one.name == program_name)


def by_pip(*requirements: str) -> str:
    return f"{sys.executable} -m pip install {' '.join(repr(one) for one in requirements)}"


# --- single probes ---


def python_version() -> Probe:
    ok = sys.version_info >= (3, 11)
    return Probe(
        name="Python",
        ok=ok,
        needed=True,
        purpose="everything",
        detail=f"{platform.python_version()} at {sys.executable}",
        fix="" if ok else by_apt("python3", "python3-venv"),
    )


def linux() -> Probe:
    ok = sys.platform == "linux"
    return Probe(
        name="Linux",
        ok=ok,
        needed=True,
        purpose="labs on real packets; simulations run anywhere",
        detail=f"{platform.system()} {platform.release()}",
        fix="" if ok else "vagrant up, then herzschlag remote --vagrant run normal",
    )


def library_probe(distribution: str, module: str, requirement: str, purpose: str, *, needed: bool = False) -> Probe:
    """A Python package: its version, without importing it."""
    try:
        version, ok = metadata.version(distribution), util.find_spec(module) is not None
    except metadata.PackageNotFoundError:
        version, ok = "not installed", False
    return Probe(
        name=distribution,
        ok=ok,
        needed=needed,
        purpose=purpose,
        detail=version,
        fix="" if ok else by_pip(requirement),
    )


def program_probe(name: str, package: str, purpose: str, *, needed: bool = False, version: str = "") -> Probe:
    """A program on PATH; `version` is the option that makes it say its own."""
    path = environment.program(name)
    detail = path or "not found"
    if path and version:
        status, said = try_command((path, version))
        detail = f"{first_line(said)} ({path})" if status == 0 else path
    fix = "" if path else by_apt(package)
    return Probe(name=name, ok=path is not None, needed=needed, purpose=purpose, detail=detail, fix=fix)


def shared_library_probe(name: str, package: str, purpose: str, *, needed: bool = False) -> Probe:
    """A library that is called without a program of its own."""
    ok = environment.library_loads(name)
    detail = "loads" if ok else "not found"
    return Probe(name=name, ok=ok, needed=needed, purpose=purpose, detail=detail, fix="" if ok else by_apt(package))


def required(one: Requirement) -> Probe:
    """A line of `herzschlag.topo.requirements`."""
    match one.kind:
        case "program":
            return program_probe(one.name, one.package, one.purpose, needed=one.for_labs, version=one.version)
        case "library":
            return shared_library_probe(one.name, one.package, one.purpose, needed=one.for_labs)
        case "python":
            return library_probe(one.name, one.name, one.package, one.purpose, needed=one.for_labs)


def controller_framework() -> Probe:
    """Ryu where it is installed, os-ken otherwise; either will do. The controller package decides."""
    purpose = "the OpenFlow controller that forwards, cuts and heals"
    try:
        from herzschlag.controller import frameworks  # noqa: PLC0415 - the package needs msgspec, which may be missing
    except ImportError as error:
        return Probe(
            name="controller framework",
            ok=False,
            needed=True,
            purpose=purpose,
            detail=f"cannot be asked: {error}",
            fix=by_pip("msgspec>=0.19", "os-ken>=4.2"),
        )
    there = [f"{one.name} {one.version}" for one in frameworks.installed()]
    try:
        serves, fix = frameworks.chosen(os.environ), ""
        detail = f"{serves.name} {serves.version} serves (installed: {', '.join(there)})"
    except frameworks.FrameworkMissing as error:
        detail, fix = str(error), by_pip("os-ken>=4.2")
    return Probe(
        name="controller framework",
        ok=not fix,
        needed=True,
        purpose=purpose,
        detail=detail,
        fix=fix,
    )


def namespaces() -> Probe:
    status, said = in_namespace("true", kinds=("--net", "--mount", "--pid", "--fork"))
    return Probe(
        name="namespaces",
        ok=status == 0,
        needed=True,
        purpose="the sealed sandbox of a lab",
        detail=("as root" if os.geteuid() == 0 else "without root") if status == 0 else first_line(said),
        fix=""
        if status == 0
        else (
            by_apt(package_of("unshare"))
            if status == 127
            else "run as root (sudo), or allow user namespaces: " + sudo("sysctl kernel.unprivileged_userns_clone=1")
        ),
    )


def user_namespaces() -> Probe:
    """Whether an ordinary user may have a lab; asked as `nobody` when we are root."""
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    status, said = try_command((*become, "unshare", "--user", "--map-root-user", "--net", "true"))
    return Probe(
        name="user namespaces",
        ok=status == 0,
        needed=False,
        purpose="labs without root",
        detail="open to ordinary users" if status == 0 else first_line(said),
        fix="" if status == 0 else sudo("sysctl kernel.unprivileged_userns_clone=1"),
    )


def tun() -> Probe:
    device = Path("/dev/net/tun")
    detail, fix = "may be opened by every user", ""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
        if device.stat().st_mode & 0o006 != 0o006:
            detail = "may be opened by this user, not by every user: labs need root"
    except FileNotFoundError:
        detail, fix = f"{device} does not exist", sudo("modprobe tun")
    except OSError as error:
        detail, fix = f"{device}: {error.strerror}", f"run as root, or: {sudo(f'chmod 0666 {device}')}"
    return Probe(
        name="/dev/net/tun", ok=not fix, needed=True, purpose="Open vSwitch's own port", detail=detail, fix=fix
    )


def kernel_datapath() -> Probe:
    """Whether Open vSwitch may switch in the kernel. Its absence costs speed, nothing else."""
    loaded = Path("/sys/module/openvswitch").exists()
    on_disk = not loaded and try_command((environment.program("modprobe") or "modprobe", "-n", "openvswitch"))[0] == 0
    if loaded:
        detail = "kernel: module openvswitch is loaded"
    elif on_disk:
        detail = "kernel: module openvswitch is there, not loaded yet; root's first lab loads it"
    else:
        detail = f"userspace: kernel {platform.release()} has no module openvswitch"
    return Probe(
        name="switch datapath",
        ok=loaded or on_disk,
        needed=False,
        purpose="switching in the kernel; without it Open vSwitch switches in userspace",
        detail=detail,
        fix=""
        if loaded or on_disk
        else "boot a kernel with CONFIG_OPENVSWITCH (every stock Debian kernel; vagrant up)",
    )


def kernel_trial(name: str, purpose: str, tried: tuple[int, str], tool: str, kernel: str) -> Probe:
    """Something of the kernel, tried in vain when the tool or the kernel's part is missing."""
    status, said = tried
    by_kernel = f"boot a kernel with {kernel} (every stock Debian kernel; vagrant up)"
    fix = by_kernel if environment.program(tool) else by_apt(package_of(tool))
    if said.startswith("unshare:"):
        fix = "namespaces first (above): it cannot be tried without"
    detail = "works" if status == 0 else first_line(said)
    return Probe(name=name, ok=status == 0, needed=False, purpose=purpose, detail=detail, fix=fix if status else "")


def netem() -> Probe:
    tried = in_namespace("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
    purpose = "bad lines by the kernel; without it a relay of the lab makes them"
    return kernel_trial("sch_netem", purpose, tried, "tc", "CONFIG_NET_SCH_NETEM")


def numgen() -> Probe:
    rules = "table inet trial { chain one { numgen random mod 100 < 30 drop; }; }"
    tried = in_namespace("nft", "-f", "-", given=rules)
    purpose = "random loss and duplication by the kernel, where it has netem as well"
    return kernel_trial("nftables numgen", purpose, tried, "nft", "CONFIG_NFT_NUMGEN")


def name_owners() -> Probe:
    """Another distribution that brings the same package would silently win over this one, or lose to it."""
    strangers = sorted(set(metadata.packages_distributions().get(OUR_NAME, ())) - {OUR_NAME})
    return Probe(
        name="package name",
        ok=not strangers,
        needed=True,
        purpose=f"{OUR_NAME} must be ours alone",
        detail=f"{OUR_NAME} belongs to {', '.join(strangers)} as well" if strangers else "one owner",
        fix=f"{sys.executable} -m pip uninstall {' '.join(strangers)}" if strangers else "",
    )


def left_behind(proc: Path = Path("/proc")) -> list[tuple[int, str]]:
    """Processes of labs (process number, module) without an owner: the machine's first process has adopted them.

    A lab is a tree below its command, sealed in a process namespace, so there should never be one.
    """
    found = []
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue  # ended while we looked
        module = next((after for word, after in pairwise(words) if word == "-m"), "")
        if parent == "1" and module.startswith(LAB_MODULES):
            found.append((int(folder.name), module))
    return sorted(found)


def leftovers() -> Probe:
    found = left_behind() if sys.platform == "linux" else []
    return Probe(
        name="leftovers",
        ok=not found,
        needed=False,
        purpose="nothing of a lab may outlive its command; please report it with the run directory",
        detail="; ".join(f"process {number} ({module})" for number, module in found) or "none",
        fix=sudo(f"kill -9 {' '.join(str(number) for number, _ in found)}") if found else "",
    )


# --- all of them ---


def _needed() -> list[Callable[[], Probe]]:
    return [partial(required, one) for one in REQUIREMENTS if one.for_labs]


def battery() -> list[Callable[[], Probe]]:
    useful = [partial(required, one) for one in REQUIREMENTS if not one.for_labs]
    kernel = [namespaces, tun, user_namespaces, kernel_datapath, netem, numgen]
    return [python_version, linux, name_owners, *_needed(), controller_framework, *kernel, *useful, leftovers]


def quick_battery() -> list[Callable[[], Probe]]:
    """What every lab needs of the machine, for a session of tests to ask before the first of them: without programs
    that are only useful, and without reading what every installed package contains."""
    return [linux, *_needed(), controller_framework, namespaces, tun]


def probes() -> list[Probe]:
    """All probes, in the order in which one would fix them. They take about a second."""
    return [probe() for probe in battery()]


def missing(found: Sequence[Probe]) -> list[Probe]:
    """The probes that prevent a lab on real packets on this machine."""
    return [probe for probe in found if probe.needed and not probe.ok]


def as_json(found: Sequence[Probe]) -> str:
    document = {"labs": not missing(found), "probes": [asdict(probe) for probe in found]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_text(found: Sequence[Probe], *, verbose: bool = False) -> str:
    """What is missing, what for, and how to install it; everything else in one line, or each in its own (`verbose`)."""
    width = max(len(probe.name) for probe in found)
    there = [probe.name for probe in found if probe.ok]
    lines = [] if verbose else [f"ok       {len(there)} of {len(found)}: {', '.join(there)}"]
    for probe in found if verbose else [probe for probe in found if not probe.ok]:
        mark = "ok     " if probe.ok else "MISSING" if probe.needed else "absent "
        lines.append(f"{mark}  {probe.name:<{width}}  {probe.detail}")
        if not probe.ok:
            lines.append(f"{'':<{width + 11}}for: {probe.purpose}")
            lines.append(f"{'':<{width + 11}}fix: {probe.fix}")
    gaps = missing(found)
    lines.append("")
    if gaps:
        lines.append(f"No labs on real packets here: {', '.join(probe.name for probe in gaps)} missing.")
        lines.append("In a checkout, `make setup` installs whatever can be installed.")
        lines.append("Simulations run all the same: --backend simulation.")
    else:
        lines.append("Labs on real packets run here.")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """`python3 -m herzschlag.doctor [--json] [-v]`: the same answers where the command line cannot be imported."""
    found = probes()
    sys.stdout.write((as_json(found) if "--json" in arguments else as_text(found, verbose="-v" in arguments)) + "\n")
    return 4 if missing(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
