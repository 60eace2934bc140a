"""Plants a fault in the process from which all processes of a lab's hosts are forked.

Python imports this file by its name where its folder is on the path. The environment names the fault; every other
process of the lab imports it too, and is left as it is.
"""

import os
import sys

if os.environ.get("HERZSCHLAG_PLANTED") and "herzschlag.agents.processes.zygote" in sys.orig_argv:
    from tests.planted import FAULTS
    from tests.planted.plant import in_place

    planted = in_place(next(fault for fault in FAULTS if fault.name == os.environ["HERZSCHLAG_PLANTED"]))
    planted.__enter__()  # for as long as the process lives
