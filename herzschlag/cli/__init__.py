"""The command line: `herzschlag COMMAND`."""

from herzschlag.cli.program import main

__all__ = ["main"]
