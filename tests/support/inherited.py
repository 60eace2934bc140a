"""The environment of a program that a test starts as a user of the project would, without what the tests set for
themselves."""

from __future__ import annotations

import os

from herzschlag.plugin.places import LABS


def inherited() -> dict[str, str]:
    """This process's environment without the variables of pytest and of the project, but for the number of labs at
    once: that is the machine's, and a program that knew a smaller one would wait for the first places alone."""
    ours = ("PYTEST_", "HERZSCHLAG_")
    return {name: value for name, value in os.environ.items() if name == LABS or not name.startswith(ours)}
