"""The prompt in a running lab: Mininet's commands, and ours. `herzschlag shell`, and a failed test that pauses."""

from herzschlag.shell.prompt import Shell

__all__ = ["Shell"]
