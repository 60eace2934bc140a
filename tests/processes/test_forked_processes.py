"""A process that a fork server forks is what it would be if it had been executed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from herzschlag.topo.environment import environment
from herzschlag.topo.processes import asking
from herzschlag.topo.processes import start as starting
from herzschlag.topo.processes.asking import LOST, Asked, AskedServer, expect_many, expect_no_more
from herzschlag.topo.processes.start import start
from tests.support.waiting import until

MODULE = "tests.support.forked_program"
ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the program can be imported from; and no server is left behind."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield
    expect_no_more()


def run(folder: Path, *words: str, **options: Any) -> tuple[starting.Process, dict[str, Any], str]:
    """The process, ended; what it says of itself; and what it wrote to standard error."""
    out, errors = folder / "out", folder / "errors"
    with out.open("wb") as stdout, errors.open("wb") as stderr:
        wanted: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr} | options
        process = start(MODULE, words, **wanted)
    process.wait(PATIENCE_S)
    return process, json.loads(out.read_text()), errors.read_text()


def test_it_has_what_an_executed_one_has(tmp_path: Path) -> None:
    """Arguments, descriptors under their numbers and no others, directory, environment, input, handlers."""
    (tmp_path / "in").write_text("a line\n")
    told = {}
    for name, many in (("executed", False), ("forked", True)):
        if many:
            expect_many((MODULE,))
        reader, writer = os.pipe()
        handed = [os.dup2(reader, 160), os.dup2(writer, 170)]
        with (tmp_path / "in").open() as stdin:
            _, told[name], _ = run(
                tmp_path, "0", stdin=stdin, pass_fds=handed, env=environment() | {"FORKED_HERE": "a value"}
            )
        for number in (reader, writer, *handed):
            os.close(number)
        assert told[name].pop("descriptors") == sorted([0, 1, 2, *handed])
        assert told[name].pop("inherited") == sorted([0, 1, 2, *handed])
    assert told["executed"].pop("imported_here")
    assert not told["forked"].pop("imported_here")
    assert told["forked"] == told["executed"]
    assert told["forked"]["said"] == "a line\n"
    assert told["forked"]["environment"] == {"FORKED_HERE": "a value"}
    assert told["forked"]["command"] == [sys.executable, "-m", MODULE, "0"]


@pytest.mark.parametrize("many", [False, True])
def test_it_ends_as_an_executed_one_does(tmp_path: Path, many: bool) -> None:
    if many:
        expect_many((MODULE,))
    ends = {words: run(tmp_path, *words) for words in (("0",), ("5",), ("raise",), ("exit",))}
    assert [process.wait() for process, _, _ in ends.values()] == [0, 5, 1, 1]
    assert ends["raise",][2].endswith("ValueError: raised on purpose\n")
    assert ends["exit",][2] == "ended on purpose\n"
    with (tmp_path / "both").open("wb") as both:
        start(MODULE, ["raise"], stdin=subprocess.DEVNULL, stdout=both, stderr=subprocess.STDOUT).wait(PATIENCE_S)
    assert (tmp_path / "both").read_text().startswith("{")
    assert (tmp_path / "both").read_text().endswith("ValueError: raised on purpose\n")


def test_what_a_forked_process_forks_may_have_its_environment(tmp_path: Path) -> None:
    """As it is, not a copy of it."""
    lines = f"""
import os
from herzschlag.topo.processes import image, start
image.get_ready(["{MODULE}"])
start.start("{MODULE}", ["0"], env=os.environ).wait()
"""
    done = subprocess.run(
        [sys.executable, "-c", lines],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment() | {"FORKED_HERE": "a value"},
    )
    told = json.loads(done.stdout)
    assert not told["imported_here"]
    assert told["environment"] == {"FORKED_HERE": "a value"}


def test_it_can_be_signalled_and_waited_for(tmp_path: Path) -> None:
    expect_many((MODULE,))
    with (tmp_path / "out").open("wb") as out:
        slow = start(MODULE, ["0", "60"], stdin=subprocess.DEVNULL, stdout=out, new_session=True)
    assert isinstance(slow, Asked)
    assert slow.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        slow.wait(0.01)
    until(lambda: (tmp_path / "out").stat().st_size > 0, "it has begun")
    assert os.getsid(slow.pid) == slow.pid
    slow.send_signal(signal.SIGTERM)
    assert slow.wait(PATIENCE_S) == -signal.SIGTERM
    slow.kill()  # it has ended: nothing happens
    assert slow.poll() == slow.returncode == -signal.SIGTERM


def test_what_it_has_forked_outlives_the_server_and_others_are_executed_then(tmp_path: Path) -> None:
    expect_many((MODULE,))
    slow = start(MODULE, ["0", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    server = _server()
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    assert slow.poll() is None
    _, told, _ = run(tmp_path, "0")
    assert told["imported_here"]
    slow.kill()
    assert slow.wait(PATIENCE_S) == LOST
    expect_many((MODULE,))
    _, told, _ = run(tmp_path, "0")
    assert not told["imported_here"]


def test_the_server_ends_with_who_has_it(tmp_path: Path) -> None:
    """However that ends; and what was forked goes on, because another process may see to its end."""
    lines = f"""
import sys, time
from herzschlag.topo.processes import asking, start
asking.expect_many(("{MODULE}",))
process = start.start("{MODULE}", ["0", "60"], stdout=2)
print(start.server.process.pid, process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", lines],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        server, forked = map(int, owner.stdout.readline().split())
        owner.kill()
        until(lambda: not Path(f"/proc/{server}").exists(), "the server has ended")
        assert Path(f"/proc/{forked}").exists()
        os.kill(forked, signal.SIGKILL)


def test_a_server_that_stands_still_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And when it goes on, it forks nothing that was executed meanwhile."""
    monkeypatch.setattr(asking, "ANSWER_S_MAX", 0.2)
    expect_many((MODULE,))
    _, told, _ = run(tmp_path, "0")
    assert not told["imported_here"]
    server = _server()
    os.kill(server.pid, signal.SIGSTOP)
    marks = tmp_path / "marks"
    with marks.open("ab") as out:
        process = start(MODULE, ["0"], stdin=subprocess.DEVNULL, stdout=out)
    assert process.wait(PATIENCE_S) == 0
    os.kill(server.pid, signal.SIGCONT)
    monkeypatch.setattr(asking, "ANSWER_S_MAX", PATIENCE_S)
    _, told, _ = run(tmp_path, "0")
    assert not told["imported_here"]
    assert json.loads(marks.read_text())["imported_here"]
    os.kill(server.pid, signal.SIGSTOP)
    expect_no_more()
    assert server.returncode == -signal.SIGKILL


def test_what_cannot_be_forked_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that the server does not have, or cannot import, and an environment in which Python would differ."""
    expect_many(("no.such.module", MODULE))
    wrong = start("no.such.module", [], stderr=subprocess.DEVNULL)
    assert wrong.wait(PATIENCE_S) == 1
    assert not isinstance(wrong, Asked)
    _, told, _ = run(tmp_path, "0", env=environment() | {"PYTHONWARNINGS": "error"})
    assert told["imported_here"]
    descriptors = [os.dup(0) for _ in range(80)]
    _, told, _ = run(tmp_path, "0", pass_fds=descriptors)
    assert told["imported_here"]
    for number in descriptors:
        os.close(number)
    _, told, _ = run(tmp_path, "0")
    assert not told["imported_here"]


def test_an_order_of_any_size_arrives(tmp_path: Path) -> None:
    """A large environment: 150 KB are forked, 400 KB executed."""
    expect_many((MODULE,))
    for size, forked in ((150_000, True), (400_000, False)):
        large = {f"FORKED_{number}": "x" * 100_000 for number in range(size // 100_000)}
        large["FORKED_LAST"] = "y" * (size % 100_000)
        _, told, _ = run(tmp_path, "0", env=environment() | large)
        assert told["environment"] == large
        assert told["imported_here"] is not forked


def _server() -> subprocess.Popen[bytes]:
    assert isinstance(starting.server, AskedServer)
    return starting.server.process
