"""The HA agent as a pure state machine: events and time in, actions out."""
