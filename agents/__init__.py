"""The HA agent, its hypervisor, VMs and vCenter: pure cores, their formats, and thin processes around them.

    Agent, Hypervisor, Vm, VCenter      handle(event, now_ns) -> actions; wake_at_ns(); view()
    Codec                               messages <-> authenticated datagrams

Import from the modules; docs/architecture.md says which one decides what.
"""
