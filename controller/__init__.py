"""How packets are switched and which links are cut: a controller process, and the client that directs it.

Only what others call is named here, and none of it imports a framework: that happens in the controller's own process,
`python -m herzschlag.controller`.
"""

from herzschlag.controller.client import ControllerClient, ControllerError
from herzschlag.controller.frameworks import Framework, FrameworkMissing, chosen, installed
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
]
