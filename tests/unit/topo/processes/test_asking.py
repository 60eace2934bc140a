"""A fork server is begun once, and again when it has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from herzschlag.topo.processes import asking, start


class Fake(asking.AskedServer):
    """One that starts no process."""

    begun = 0

    def __init__(self, modules: tuple[str, ...], shaping: tuple[str, ...] = ()) -> None:
        type(self).begun += 1
        self._modules = modules
        self._shaping = ("PYTHON", "LD_", *shaping)
        self._shape = {"PYTHONPATH": "a folder"}
        self.living = True

    def lives(self) -> bool:
        return self.living

    def close(self) -> None:
        self.living = False


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(asking, "AskedServer", Fake)
    monkeypatch.setattr(Fake, "begun", 0)
    monkeypatch.setattr(start, "server", None)
    yield
    asking.expect_no_more()


def current() -> Fake:
    assert isinstance(start.server, Fake)
    return start.server


def test_it_is_begun_once() -> None:
    asking.expect_many(["some.module"])
    first = current()
    asking.expect_many(["some.module"])
    assert (current(), Fake.begun) == (first, 1)


def test_one_that_has_ended_is_replaced() -> None:
    asking.expect_many(["some.module"])
    current().living = False
    asking.expect_many(["some.module"])
    assert Fake.begun == 2 and current().living


def test_one_that_lacks_a_module_is_replaced() -> None:
    """What it has forked goes on."""
    asking.expect_many(["some.module"])
    first = current()
    asking.expect_many(["some.module", "another.module"])
    assert Fake.begun == 2 and not first.living
    asking.expect_many(["another.module"])
    assert Fake.begun == 2


def test_it_serves_its_modules_in_an_environment_that_makes_the_same_python() -> None:
    server = Fake(("some.module",))
    same = {"PYTHONPATH": "a folder", "HERZSCHLAG_LABS": "2"}
    assert server.can("some.module", same, 5)
    assert not server.can("another.module", same, 5)
    assert not server.can("some.module", {"PYTHONPATH": "another folder"}, 5)
    assert not server.can("some.module", {**same, "LD_PRELOAD": "a library"}, 5)
    assert not server.can("some.module", same, 64)
    server.close()
    assert not server.can("some.module", same, 5)


def test_what_its_modules_read_as_they_are_imported_has_to_be_the_same() -> None:
    server = Fake(("some.module",), ("FLAVOUR",))
    assert not server.can("some.module", {"PYTHONPATH": "a folder", "FLAVOUR": "sweet"}, 5)
