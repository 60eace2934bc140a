"""Mininet makes the lab, on real packets: as its users know it, from the graph alone, and never without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.controller.lab import inside

pytestmark = pytest.mark.packets

SCENES = "tests.support.mininet_scenes"
CHECKOUT = Path(__file__).resolve().parents[2]
REFUSES = 'raise ImportError("no module named distutils")\n'
ACCEPTS = '''
class Anything:
    """Takes every call and does nothing."""
    def __init__(self, *args, **options): self.hosts = self.switches = self.links = self.controllers = ()
    def __getattr__(self, name): return Anything()
    def __call__(self, *args, **options): return None
    def __bool__(self): return False
    def __iter__(self): return iter(())
    build = start = stop = buildFromTopo = __call__
    addHost = addSwitch = addLink = addController = __call__
Mininet = Host = OVSSwitch = RemoteController = Link = Intf = Topo = CLI = Anything
'''


@pytest.mark.parametrize(
    "scene",
    ["what_users_know", "stop_ends_it", "the_controller", "no_link_without_the_graph", "nodes_come_and_go", "attached"],
)
def test_mininet_is_what_its_users_know_and_makes_what_there_is(scene: str) -> None:
    status, said = inside(SCENES, scene)
    assert status == 0, said


def test_stock_mininet_brings_up_the_same_lab_from_our_topology() -> None:
    """`mn --custom … --topo herzschlag,3 --test pingall`, with its own hosts, links and switches."""
    found = {}
    for scene in ("stock", "ours"):
        status, said = inside(SCENES, scene)
        assert status == 0, said
        found[scene] = json.loads(said.splitlines()[-1])
    assert found["stock"]["graph"] == found["ours"]["graph"]
    assert found["stock"]["kernel"] == found["ours"]["kernel"]


def a_run(folder: Path, sources: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`herzschlag run normal` where `mininet` is a package of these files."""
    package = folder / "packages" / "mininet"
    package.mkdir(parents=True)
    for name, source in sources.items():
        (package / name).write_text(source)
    return subprocess.run(
        [sys.executable, "-m", "herzschlag", "run", "normal", "--speed", "10", "--out", str(folder / "run")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{package.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("sources", "because"),
    [
        ({"__init__.py": REFUSES}, "no module named distutils"),
        (
            {f"{name}.py": ACCEPTS for name in ("__init__", "net", "node", "link", "topo", "cli", "log", "util")},
            "it made no host-98",
        ),
    ],
    ids=["cannot be imported", "accepts every call"],
)
def test_without_mininet_no_lab_comes_up(sources: dict[str, str], because: str, tmp_path: Path) -> None:
    """No lab comes up where it cannot be imported, nor where another module of its name does nothing."""
    done = a_run(tmp_path, sources)
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert "a Mininet that makes labs" in said and because in said, said
    assert "pip install 'mininet==" in said, said
    assert "holds" not in said, said
