"""The hypervisor as a pure state machine, with its locks and its heartbeats on datastores."""
