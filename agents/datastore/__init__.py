"""What lies on a datastore and who may touch it: formats, heartbeats, locks, and the two places where I/O happens."""
