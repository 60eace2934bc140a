"""The role that leads a group: watching hosts, owning datastores, restarting virtual machines."""
