"""What `herzschlag packets` says of a run, with `{names}` for what differs; its JSON stays English."""

from __future__ import annotations

from herzschlag.languages.catalogue import N_

PACKETS = (
    N_("no packet announces a record {kind}"),
    N_("vCenter does not send its own opinion of a host"),
    N_("{node} tells vCenter that {host} is {state}"),
    N_("watching datastores sends nothing"),
    N_("{node} pings {host}"),
    N_("{node} offers itself in an election"),
    N_("{node} sends heartbeats as master"),
    N_("{node} reports to vCenter that it is {role}"),
    N_("a host that loses an election sends nothing about it"),
    N_("{node} pings its isolation addresses"),
    N_("what an isolated host does to its VMs stays on it"),
    N_("a restart that is {phase} is not sent to anyone"),
    N_("{node} starts {vm} itself"),
    N_("{node} orders {target} to start {vm}"),
    N_("no packet announces that a VM is {state}"),
    N_("{node} tells that {vm} is {state}"),
    N_("{shown} (network {network})"),
    N_("no packet shows that {shown}"),
    N_("the capture had reached the limit of its size"),
    N_("its record never came"),
    N_("{host} is {state}"),
    N_("the run was killed before it wrote its history: only its packets are left"),
    N_("no delays of {hosts}: its clock was set wrong, and so were its stamps"),
    N_("{number} packets came too fast to be recorded: what is missing proves nothing"),
    N_("the capture reached the limit of its size at {seconds} s: nothing is known of later packets"),
    N_("the recorder did not come to its end: the last packets may be missing"),
)
