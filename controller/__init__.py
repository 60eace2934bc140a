"""The controller: a process that switches packets and cuts links, and the client that directs it.

This package names only what others call, and none of it imports a framework: only the controller's own process does,
`python -m herzschlag.controller`.
"""

from herzschlag.controller.client import ControllerClient, ControllerError
from herzschlag.controller.frameworks import VARIABLE, Framework, FrameworkMissing, chosen, installed, way_out
from herzschlag.controller.messages import (
    CutStatus,
    DirectedLink,
    Done,
    ErrorCode,
    ForwardStatus,
    Network,
    NodePort,
    Port,
    StatusReply,
    SwitchStatus,
)

__all__ = [
    "VARIABLE",
    "ControllerClient",
    "ControllerError",
    "ErrorCode",
    "Network",
    "Port",
    "DirectedLink",
    "NodePort",
    "Done",
    "StatusReply",
    "SwitchStatus",
    "CutStatus",
    "ForwardStatus",
    "Framework",
    "FrameworkMissing",
    "chosen",
    "installed",
    "way_out",
]
