"""A package, so that `tests.support` is ours: a dependency of Ryu installs a top-level package of the same name."""
