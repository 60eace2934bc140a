"""The lab in the browser: a server on loopback, a page, and the thread between them and the cluster."""
