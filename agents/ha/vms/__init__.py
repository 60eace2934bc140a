"""The virtual machines of an agent's own host: inventory, VM monitoring and component protection."""
