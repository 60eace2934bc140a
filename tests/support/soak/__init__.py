"""What `make soak` does: runs in a row, labs that are killed, a large lab under faults, and a count of what is left."""
