"""What is ready to be forked."""

from __future__ import annotations

import pytest

from herzschlag.topo.processes import image


@pytest.fixture(autouse=True)
def nothing_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_ready", set())


def test_a_module_is_ready_when_it_was_imported_for_it() -> None:
    assert not image.is_ready("herzschlag.topo.errors")
    image.get_ready(["herzschlag.topo.errors"])
    assert image.is_ready("herzschlag.topo.errors")


def test_of_a_package_it_is_what_python_would_run() -> None:
    assert image._entry("herzschlag.compiled").__name__ == "herzschlag.compiled.__main__"
    assert image._entry("herzschlag.topo.errors").__name__ == "herzschlag.topo.errors"


def test_a_module_that_cannot_be_imported_is_left_to_be_executed() -> None:
    image.get_ready(["no.such.module", "herzschlag.topo.errors"])
    assert not image.is_ready("no.such.module")
    assert image.is_ready("herzschlag.topo.errors")
