"""The prompt in a running lab, with Mininet's commands and ours: for `herzschlag shell` and a paused test."""

from herzschlag.shell.prompt import Shell

__all__ = ["Shell"]
