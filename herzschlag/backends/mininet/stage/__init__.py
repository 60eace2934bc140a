"""The program inside the sandbox, which carries out the faults: `python -m herzschlag.backends.mininet.stage`."""
