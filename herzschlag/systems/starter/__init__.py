"""The files that `herzschlag init --system` writes: a system of one's own, a scenario and a test that play it."""
