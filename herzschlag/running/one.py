"""One run of a batch, in a process of its own: `python -m herzschlag.running.one WORDS`, and its words.

The result is the run directory. The run ends as an interrupted one when its standard input is closed, on which nothing
is ever written: its batch holds the other end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Self

import msgspec

from herzschlag.backends.names import BackendName
from herzschlag.exit_status import INTERRUPTED
from herzschlag.languages import ENGLISH, use
from herzschlag.running import interrupts, progress
from herzschlag.running.run_file import exit_status
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load_family
from herzschlag.topo.spec import Captured, Datapath

STDIN = 0


class OneRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told, as one JSON document."""

    scenario: str
    """Where it is read from: a file, and `@VARIANT`."""
    source: str
    """As the user named it: not the copy that it is read from."""
    backend: BackendName
    speed: float
    seed: int
    into: str
    datapath: Datapath = "auto"
    capture: Captured = "heartbeats"
    capture_limit_mb: int | None = None

    @classmethod
    def of(cls, request: RunRequest, scenario: str) -> Self:
        return cls(
            scenario=scenario,
            source=request.scenario.source,
            backend=request.backend,
            speed=request.speed,
            seed=request.seed,
            into=str(request.directory),
            datapath=request.datapath,
            capture=request.capture,
            capture_limit_mb=request.capture_limit_mb,
        )

    def request(self) -> RunRequest:
        """What it was made of. Raises ScenarioError."""
        (loaded,) = load_family(self.scenario)
        return RunRequest(
            scenario=msgspec.structs.replace(loaded, source=self.source),
            backend=self.backend,
            speed=self.speed,
            seed=self.seed,
            directory=Path(self.into),
            datapath=self.datapath,
            capture=self.capture,
            capture_limit_mb=self.capture_limit_mb,
        )

    def words(self) -> list[str]:
        return [msgspec.json.encode(self).decode()]


def main() -> int:
    use(ENGLISH)  # the run directory is for everyone, whatever the locale of who asked
    interrupts.end_politely_once()
    interrupts.end_with(STDIN)
    request = msgspec.json.decode(sys.argv[1], type=OneRun).request()
    try:
        report = run(request, progress.writer(request.directory, request.scenario))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    return exit_status([report])


if __name__ == "__main__":
    sys.exit(main())
