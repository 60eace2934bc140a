"""The backend of real packets: a lab in a sandbox, seen from outside."""
