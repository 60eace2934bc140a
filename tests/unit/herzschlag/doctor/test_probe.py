"""How the doctor tries a thing: the commands that it would run, and to whom it speaks."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from herzschlag.doctor import probe


def test_root_is_not_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert probe.by_apt("mininet", "nftables") == "apt-get install --no-install-recommends mininet nftables"


def test_root_that_may_not_make_namespaces_tries_a_user_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Sequence[str]] = []

    def answer(command: Sequence[str], given: str | None = None) -> tuple[int, str]:
        tried.append(command)
        return (0, "") if "--user" in command else (1, "unshare: unshare failed: Operation not permitted")

    monkeypatch.setattr(probe, "try_command", answer)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert probe.in_namespace("true") == (0, "")
    assert [command[1:] for command in tried] == [
        ("--net", "--mount", "true"),
        ("--user", "--map-root-user", "--net", "--mount", "true"),
    ]
    tried.clear()
    monkeypatch.setattr(probe, "try_command", lambda command, given=None: (1, "Error: unknown qdisc"))
    assert probe.in_namespace("tc") == (1, "Error: unknown qdisc"), "it was tried: another namespace changes nothing"


def test_an_ordinary_user_tries_a_user_namespace_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(probe, "try_command", lambda command, given=None: (0, " ".join(command)))
    assert probe.in_namespace("true", kinds=["--net"]) == (0, "unshare --user --map-root-user --net true")
