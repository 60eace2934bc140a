"""What runs inside the sandbox and carries out the faults: `python -m herzschlag.backends.mininet.stage`."""
