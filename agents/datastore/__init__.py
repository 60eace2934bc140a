"""What lies on a datastore, and how hosts share it: formats, heartbeats, locks, and two ways to carry I/O out."""
