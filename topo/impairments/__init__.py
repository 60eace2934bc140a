"""Bad lines: what to lose, delay and filter, and how the kernel is told."""
