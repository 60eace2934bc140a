"""The command line: `herzschlag COMMAND`."""

from herzschlag.cli.app import main

__all__ = ["main"]
