"""The sandbox: a sealed set of namespaces for a lab, with the guarantee that nothing survives it."""
