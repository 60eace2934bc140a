"""The live page: the lab in the browser, with a server on loopback and a thread that owns the cluster."""
