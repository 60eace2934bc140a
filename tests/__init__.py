"""The package of tests: with it `tests.support` is ours, although a dependency of Ryu installs a package `tests`."""
