"""A long run of the fuzz targets, guided by coverage: `python -m tests.fuzz.run --seconds 600`, or `make fuzz`.

Each target runs in a process of its own, because libFuzzer ends the process in which it finds something, for an equal
share of the time, and with a limit of memory. Inputs that reach new code are kept in build/fuzz, so that the next run
goes on from there. What breaks a target is written into tests/fuzz/findings: commit it with what mends it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

MEMORY_MB_MAX = 1_024
CORPUS = Path("build/fuzz")


def fuzz(name: str, seconds: int) -> None:
    """Feed one target. Ends this process."""
    import atheris  # noqa: PLC0415 (installed by `make fuzz`, which nothing else needs)

    with atheris.instrument_imports(include=["herzschlag"]):
        from tests.fuzz import targets  # noqa: PLC0415 (imported again, instrumented)
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    targets.FINDINGS.mkdir(exist_ok=True)
    for number, data in enumerate(targets.TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={targets.BYTES_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        f"-artifact_prefix={targets.FINDINGS}/{name}-",
        "-timeout=10",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: targets.play(name, data))
    atheris.Fuzz()


def run_all(names: list[str], seconds: int) -> int:
    """Fuzz each in a process of its own. Returns how many broke."""
    broken = 0
    each_s = max(1, seconds // len(names))
    for name in names:
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.fuzz.run", "--target", name, "--seconds", str(each_s), "--here"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = done.stdout + done.stderr
        count = next((line.split()[-1] for line in told.splitlines() if "number_of_executed_units" in line), "?")
        print(f"{name:<14} {count:>10} inputs in {time.monotonic() - began:5.1f} s", flush=True)
        if done.returncode:
            broken += 1
            print("\n".join(told.strip().splitlines()[-40:]), flush=True)
    print(f"{broken} of {len(names)} targets broke" + (": see tests/fuzz/findings" if broken else ""))
    return broken


def main() -> int:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 (not where the modules are instrumented)

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    arguments = parser.parse_args()
    return 1 if run_all(arguments.target or list(TARGETS), arguments.seconds) else 0


if __name__ == "__main__":
    if "--here" in sys.argv:
        fuzz(sys.argv[sys.argv.index("--target") + 1], int(sys.argv[sys.argv.index("--seconds") + 1]))
    sys.exit(main())
