"""The running lab: nodes, links, switches and datastores."""
