"""A trial sandbox: whether this user gets one here, with namespaces inside it as a lab's nodes have them. 0.1 s.

This module decides what is tried before the first lab. Programs and packages that a lab needs beside the kernel are in
`kernel/probes.py`.
"""

from __future__ import annotations

import subprocess

from herzschlag.topo.confinement import namespace_fix
from herzschlag.topo.environment import environment
from herzschlag.topo.errors import SandboxError, UnusableMachineError
from herzschlag.topo.kernel.probes import Missing
from herzschlag.topo.sandbox.sandbox import Sandbox

TRIED = ("unshare", "--user", "--net", "--mount", "true")
"""A node is in a user namespace below the sandbox's."""
TRIAL_S_MAX = 10.0


def refused() -> Missing | None:
    """What keeps a sandbox from being made; None where nothing does."""
    try:
        with Sandbox.start(TRIED, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sandbox:
            status = sandbox.wait(TRIAL_S_MAX)
    except UnusableMachineError as error:
        return Missing(error.what, error.fix)
    except (SandboxError, TimeoutError) as error:
        return Missing(f"a sealed sandbox ({error})", namespace_fix())
    if status:
        return Missing("the right to make user namespaces inside a sandbox", namespace_fix())
    return None
