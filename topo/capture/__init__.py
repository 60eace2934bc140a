"""Every packet of a lab in one pcapng file."""
