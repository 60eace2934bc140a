"""The target `make vm-check`: runs everything on a stock Debian, on the kernel's datapath, without root.

It builds the image when it is out of date, boots it, sets the project up in it as the Vagrantfile does, and runs the
doctor, `make demo`, the five situations, and bad lines (its kernel has netem) through `herzschlag remote`. Then it
makes the same runs outside, bad lines in the simulation where netem may be missing, and compares the verdicts. The
result goes to docs/vm-check.json. `--only NAME ...` plays these bad lines and nothing else, and leaves the other
results there as they are. Exit status: 0 all are the same and all hold, 1 otherwise, 4 no VM.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from machine import ROOT, Machine, MachineFailed

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
# Emulated, a lab of four hosts costs more processor time at higher speeds than there is; with KVM any speed would do.
SPEED_INSIDE, SPEED_OUTSIDE = 2, 10
SPEED_BAD_LINES = 1  # what netem lacks is done by a relay in Python, for each packet
BAD_LINES = ("case-36", "lossy-bursts", "flapping-link", "worsening-line")
RESULT = ROOT / "docs/vm-check.json"
HERZSCHLAG = str(ROOT / ".venv/bin/herzschlag")
# As the Vagrantfile provisions: by the same script, which calls the same make target.
SETUP = 'sudo setup/vagrant.sh "$(id -un)" "$PWD"'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=BAD_LINES, metavar="NAME", default=[])
    only: list[str] = parser.parse_args().only
    before: dict[str, Any] = json.loads(RESULT.read_text()) if only else {"seconds": {}, "situations": {}}
    seconds: dict[str, float] = before["seconds"]
    begun = time.monotonic()
    timed(seconds, "image", lambda: subprocess.run([ROOT / "setup/vm/image.sh"], check=True))
    try:
        booting = time.monotonic()
        with Machine() as machine, tempfile.TemporaryDirectory() as home:
            seconds["boot"] = round(time.monotonic() - booting, 1)
            print(f"the VM is up after {seconds['boot']} s: {machine.acceleration}", flush=True)
            inside, doctor = look_inside(machine, seconds, Path(home), only)
    except MachineFailed as error:
        print(f"vm-check: {error}", file=sys.stderr)
        return 4
    simulated = situations([HERZSCHLAG], only or BAD_LINES, SPEED_OUTSIDE, ["--backend", "simulation"])
    outside = simulated["verdicts"]
    if not only:
        real = timed(
            seconds, "situations outside", lambda: situations([HERZSCHLAG], SITUATIONS, SPEED_OUTSIDE, ["--jobs", "2"])
        )
        outside = real["verdicts"] | outside
        seconds["all"] = round(time.monotonic() - begun, 1)
    today = time.strftime("%Y-%m-%d")
    result = {
        "date": today,
        "acceleration": machine.acceleration,
        **{name: inside["versions"].get(name, "?") for name in ("kernel", "datapath", "controller", "open vswitch")},
        "netem": next((probe["detail"] for probe in doctor["probes"] if probe["name"] == "sch_netem"), "?"),
        "user": "vagrant, not root",
        "speed": {"inside": SPEED_INSIDE, "bad lines inside": SPEED_BAD_LINES, "outside": SPEED_OUTSIDE},
        "seconds": seconds,
        "situations": before["situations"]
        | {
            name: {
                "played": today,
                "inside": inside["verdicts"].get(name, "missing"),
                "because": inside["reasons"].get(name, ""),
                "outside": verdict,
                "largest_deviation_s": inside["deviations"].get(name),
            }
            for name, verdict in outside.items()
        },
    }
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2, ensure_ascii=False))
    show(result)
    good = all(
        one["inside"] == one["outside"] == "holds" for one in result["situations"].values() if isinstance(one, dict)
    )
    print("vm-check: " + ("inside as outside, everything holds" if good else "NOT everything holds inside and outside"))
    return 0 if good else 1


def look_inside(
    machine: Machine, seconds: dict[str, float], home: Path, only: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    remote = [HERZSCHLAG, "remote", *machine.options(), "--setup", SETUP]
    timed(seconds, "set-up inside", lambda: step([*remote, "prepare"]))
    # From here on nothing is brought or set up any more: what was set up is what is checked.
    remote = [HERZSCHLAG, "remote", *machine.options(), "--checkout", "/home/vagrant/.cache/herzschlag/checkout"]
    doctor = timed(seconds, "doctor inside", lambda: json.loads(step([*remote, "doctor", "--json"], keep=True)))
    if not doctor["labs"]:
        raise MachineFailed(f"doctor says there: {json.dumps(doctor, indent=1)}")
    bad = timed(
        seconds, "bad lines inside", lambda: situations(remote, only or BAD_LINES, SPEED_BAD_LINES, [], home / "bad")
    )
    if only:
        return bad, doctor
    timed(seconds, "make demo inside", lambda: step([*remote, "make", "demo"], may_fail=True))
    inside = timed(seconds, "situations inside", lambda: situations(remote, SITUATIONS, SPEED_INSIDE, [], home))
    return {name: inside[name] | bad[name] for name in inside}, doctor


def timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    answer = work()
    seconds[name] = round(time.monotonic() - begun, 1)
    print(f"== {name}: {seconds[name]} s", flush=True)
    return answer


def step(command: list[str], *, keep: bool = False, may_fail: bool = False, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if keep else None, text=True, check=False
    )
    if done.returncode == 4 or (done.returncode and not keep and not may_fail):
        raise MachineFailed(f"`{' '.join(command)}` ended with status {done.returncode}")
    return done.stdout or ""


def situations(
    program: list[str], names: Sequence[str], speed: float, more: list[str], home: Path | None = None
) -> dict[str, Any]:
    """The verdicts, and how far from the published instants they came."""
    with tempfile.TemporaryDirectory() as place:
        here = home or Path(place)
        here.mkdir(exist_ok=True)
        out = ["--out", str(here / "out")]
        command = [*program, "run", *names, "--speed", str(speed), "--json", *more, *out]
        document = json.loads(step(command, keep=True, cwd=here))
        report = json.loads(next((here / "out").rglob("run.json")).read_text())
    deviations: dict[str, float | None] = {}
    for run in document["runs"]:
        found = [abs(one["deviation_s"]) for one in run["instants"] if one.get("deviation_s") is not None]
        deviations[run["scenario"]] = round(max(found), 2) if found else None
        print(f"  {run['scenario']}: {run['verdict']} ({run['because']})", flush=True)
    return {
        "verdicts": {run["scenario"]: run["verdict"] for run in document["runs"]},
        "deviations": deviations,
        "reasons": {run["scenario"]: run["because"] for run in document["runs"] if run["verdict"] != "holds"},
        "versions": report["versions"],
    }


def show(result: dict[str, Any]) -> None:
    """The result as a part of docs/fidelity.md."""
    speed = result["speed"]
    lines = [
        "## In a Debian VM",
        "",
        f"`make vm-check`, {result['date']}: kernel {result['kernel']}, datapath {result['datapath']}, netem: "
        f"{result['netem']}, Open vSwitch {result['open vswitch']}, {result['controller']}, user {result['user']}; "
        f"processor {result['acceleration']}. Speed {speed['inside']} inside, for bad lines "
        f"{speed['bad lines inside']}, {speed['outside']} outside (case 36, bad lines: in the simulation). More in "
        "[remote.md](remote.md), all of it in [vm-check.json](vm-check.json).",
        "",
        "| Situation | Played | Inside | Outside | Largest deviation inside |",
        "|---|---|---|---|---:|",
    ]
    for name, one in result["situations"].items():
        deviation = one["largest_deviation_s"]
        shown = "-" if deviation is None else f"{deviation:.2f} s"
        why = f" ({one['because']})" if one.get("because") else ""
        lines.append(f"| {name} | {one['played']} | {one['inside']}{why} | {one['outside']} | {shown} |")
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result["seconds"].items())
    lines += ["", f"Time: {spent}."]
    page = [sys.executable, ROOT / "setup/fidelity.py", "setup/vm/check.py"]
    subprocess.run(page, input="\n".join(lines), check=True, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
