"""docs/campaigns.md, run as its reader would: its campaign file, here and on a scheduler started by its commands."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import dask.config
import pytest
from distributed import SSHCluster

from herzschlag.campaign.matrix import load_campaign
from herzschlag.running.run_file import LOG_FOLDER
from tests.support.campaigns import complete

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/campaigns.md").read_text(encoding="utf-8")
PATIENCE_S = 120.0


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def commands(first: str) -> list[str]:
    """Lines of the documents' shell blocks that begin so."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith(first)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (text,) = blocks("toml")
    name = text.partition("\n")[0].removeprefix("# ")
    (tmp_path / name).write_text(text)
    return tmp_path / name


def environment() -> dict[str, str]:
    """With the installed commands on the path."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_its_campaign_file_makes_the_runs_it_says(file: Path) -> None:
    assert len(load_campaign(file).cells) == 2 * 4 + 2 * 2


def test_the_commands_of_the_first_section(file: Path) -> None:
    first, second, *_ = commands("herzschlag campaign")
    for command in (first, second):
        done = subprocess.run(
            shlex.split(command),
            cwd=file.parent,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "12 of 12 hold" in done.stdout
    assert "12 runs of 12 there already" in done.stdout
    out = file.parent / "runs/nightly"
    for name in ("campaign.html", "junit.xml", "campaign.toml"):
        assert f"| `{name}` |" in TEXT and (out / name).is_file()
    assert (out / "slave-failure-simulation-vsphere-5.1-x5-seed0-again1" / LOG_FOLDER / "delivery.json").is_file()


def test_a_scheduler_and_workers_by_hand(file: Path) -> None:
    (scheduler,), (worker,) = commands("dask scheduler"), commands("dask worker")
    (campaign,) = commands("herzschlag campaign nightly.toml --scheduler")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with ExitStack() as stack:
        for number, command in enumerate((scheduler, worker)):
            sink = stack.enter_context((file.parent / f"{number}.txt").open("wb"))
            words = [*shlex.split(command.replace("8786", port)), "--no-dashboard"]
            process = subprocess.Popen(words, cwd=file.parent, env=environment(), stdout=sink, stderr=sink)
            stack.callback(process.wait)
            stack.callback(process.send_signal, signal.SIGTERM)
        done = subprocess.run(
            shlex.split(campaign.replace("8786", port)),
            cwd=file.parent,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(complete(file.parent / "runs/nightly")) == 12
    assert "127.0.0.1" in (file.parent / "1.txt").read_text(), "the worker has said where it listens"


@pytest.mark.parametrize("program", ["scheduler", "worker"])
def test_its_commands_of_dask_have_these_options(program: str) -> None:
    helped = subprocess.run(
        ["dask", program, "--help"], env=environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    named = {word for line in commands(f"dask {program}") for word in shlex.split(line) if word.startswith("--")}
    assert named
    for option in named:
        assert option in helped.stdout


def test_its_settings_of_dask_exist() -> None:
    named = re.findall(r"`(distributed\.[a-z.-]+)`", TEXT)
    assert len(named) >= 4
    for name in named:
        dask.config.get(name)


def test_its_programs_are_python_and_call_dask_as_it_is() -> None:
    """They need machines that are not here."""
    over_ssh, slurm = (ast.parse(block) for block in blocks("python"))
    (call,) = (
        node
        for node in ast.walk(over_ssh)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SSHCluster"
    )
    known = set(inspect.signature(SSHCluster).parameters)
    assert {keyword.arg for keyword in call.keywords} <= known
    assert "SLURMCluster" in ast.unparse(slurm)
