"""What an HA agent does for the virtual machines of its own host."""
