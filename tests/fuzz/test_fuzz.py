"""A short run of every fuzz target, the same each time, and every finding of before. `make fuzz` runs long."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import BYTES_MAX, FINDINGS, TARGETS, mutations, play

ROUNDS = 1_500


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_bytes_are_read_or_refused(name: str) -> None:
    accepted = 0
    target = TARGETS[name]
    for data in mutations(name, ROUNDS, seed=1):
        try:
            target.read(data)
            accepted += 1
        except target.refusals:
            continue
    assert accepted >= len(target.seeds()), "the seeds themselves must be read"


@pytest.mark.parametrize("name", TARGETS)
def test_deep_and_empty_input_is_read_or_refused(name: str) -> None:
    for data in (
        b"",
        b"\0",
        bytes(BYTES_MAX),
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\x91" * 100_000,
        b"\xff" * BYTES_MAX,
    ):
        play(name, data)


def test_what_was_found_stays_mended() -> None:
    for path in FINDINGS.glob("*-*"):
        play(path.name.partition("-")[0], path.read_bytes())
