"""The vCenter stand-in as a pure state machine."""
