"""The protocol: messages between the processes of a cluster, their bytes, and the events and actions of an agent."""
