"""The framework's threads, each kind by the same few names, and the standard library's sockets patched for them."""

from __future__ import annotations

import queue
import sys
from pathlib import Path

import pytest

from herzschlag.controller import threads
from herzschlag.controller.frameworks import Framework
from tests.support.controller.fakes import native_threads

NAME = "imagined_threads"


def test_loading_imports_nothing_but_the_threads_and_threads_are_not_patched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "__init__.py": "",
        "lib/__init__.py": "",
        "lib/hub.py": "patched = []\ndef patch(thread=True):\n    patched.append(thread)\n",
        "controller.py": "raise AssertionError('imported before its turn')",
    }.items():
        path = tmp_path / NAME / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("EVENTLET_NO_GREENDNS", "yes")
    threads.load(Framework("os-ken", NAME, "1")).patch()
    assert sys.modules[f"{NAME}.lib.hub"].patched == [False]
    assert f"{NAME}.controller" not in sys.modules


def test_a_thread_waits_for_the_lock_and_tells_by_a_mailbox() -> None:
    kind = native_threads()
    lock, box = kind.lock(), kind.mailbox()

    def body(word: str) -> None:
        with lock:
            box.put(word)

    with lock:
        kind.spawn(body, "done")
        with pytest.raises(queue.Empty):
            box.get(timeout=0.0)
    assert box.get(timeout=10.0) == "done"
