"""The option `--herzschlag-pause`: opens the prompt of `herzschlag shell` on the live cluster of a failed test.

This module decides when the prompt has the terminal; it leaves the prompt to `herzschlag.shell`. Time goes on between
commands on real packets; in the simulation it passes with `advance`. Commands typed here do not change the verdict: the
test already has its own.
"""

from __future__ import annotations

import pytest

from herzschlag.plugin.labs import LENT
from herzschlag.shell import Shell


def pause(item: pytest.Item) -> None:
    """Hold the terminal until the prompt is left."""
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        for lent in item.stash.get(LENT, []):
            lent.cluster.session.resume()
            intro = f"\n{item.nodeid} failed; its cluster is still running ({lent.backend}).\n{lent.told()}\n\n"
            shell = Shell(lent.cluster, intro=f"{intro}help, states; exit goes on with the next test")
            try:
                shell.run()
            finally:
                shell.close()
    finally:
        if capture is not None:
            capture.resume_global_capture()
