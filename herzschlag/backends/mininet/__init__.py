"""The backend on real packets: a lab in a sandbox, driven from outside."""
