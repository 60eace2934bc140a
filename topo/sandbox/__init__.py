"""The sealed set of namespaces that a lab lives in, and the promise that nothing survives it."""
