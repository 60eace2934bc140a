"""What a type checker says about a user's test: nothing about a right one, and every wrong name of a wrong one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
ROOT = Path(__file__).parents[3]
RIGHT = """
import pytest

from herzschlag import Cluster, Setup
from herzschlag.faults import Impair, Isolate, PowerOff
from herzschlag.plugin import with_cluster

pytestmark = with_cluster(hosts=["host-7", "host-8"], speed=20)


@with_cluster(vms_per_host=1, profile="vsphere-5.0", options={"das.isolationaddress0": "gateway@B"})
def test_it(cluster: Cluster) -> None:
    cut = cluster.begin(Isolate(host="host-7", networks="A", keep=("gateway",)))
    cluster.wait_role("host-7", "isolated", within_s=30)
    cluster.wait_state("host-7", "networkIsolated", within_s=30)
    took_s: float = cluster.wait_running("vm-7-1", elsewhere_than="host-7", within_s=60)
    assert cluster.role("host-8") == "master" and took_s > 3
    cluster.heal(cut)
    cluster.begin(Impair(src="host-7", dst="host-8", loss=0.5), id="lossy")
    cluster.isolate("host-8", manner="port-down")


def test_other() -> None:
    with Cluster.start(Setup(hosts=3), backend="simulation") as cluster:
        cluster.begin(PowerOff(host=cluster.hosts))
"""
WRONG = {
    'cluster.begin(Isolate(hots="host-98"))': 'Unexpected keyword argument "hots" for "Isolate"',
    "cluster.begin(Isolate(host=98))": 'Argument "host" to "Isolate" has incompatible type "int"',
    'cluster.begin(Isolate(host="host-98", manner="quiet"))': 'Argument "manner" to "Isolate" has incompatible type',
    'cluster.isolate("host-98", manner="quiet")': 'Argument "manner" to "isolate" of "Breaking" has incompatible type',
    'cluster.wait_role("host-98", "mastr", within_s=3)': 'Argument 2 to "wait_role" of "Waiting" has incompatible type',
    'cluster.wait_state("host-98", "hostdown", within_s=3)': 'Argument 2 to "wait_state" of "Waiting" has incompatible',
    'assert cluster.role("host-98") == "mastr"': "Non-overlapping equality check",
    'Cluster.start(backend="sim")': 'Argument "backend" to "start" of "Cluster" has incompatible type',
    "with_cluster(hots=4)": 'Unexpected keyword argument "hots" for "with_cluster"',
    'with_cluster(profile="vsphere-9")': 'Argument "profile" to "with_cluster" has incompatible type',
}
"""A line of a test to what is wrong with it."""


def test_a_wrong_field_is_an_error_before_the_test_runs(tmp_path: Path) -> None:
    right, wrong = tmp_path / "test_right.py", tmp_path / "test_wrong.py"
    right.write_text(RIGHT)
    head = (
        "from herzschlag import Cluster\nfrom herzschlag.faults import Isolate\n"
        "from herzschlag.plugin import with_cluster\n\ndef test_it(cluster: Cluster) -> None:\n"
    )
    wrong.write_text(head + "".join(f"    {line}\n" for line in WRONG))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-error-summary",
            "--config-file=",
            "test_right.py",
            "test_wrong.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT), "MYPY_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(number): text for number, text in re.findall(r"^test_wrong.py:(\d+): error: (.*)$", done.stdout, re.M)}
    assert "test_right.py" not in done.stdout, done.stdout + done.stderr
    for number, (line, says) in enumerate(WRONG.items(), start=head.count("\n") + 1):
        assert says in found.get(number, ""), f"{line}: {found.get(number)}\n{done.stdout}{done.stderr}"
