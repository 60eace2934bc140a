"""The cores and the inner loop of the simulation compiled to C, beside the plain files, by mypyc.

Plain Python is what everything means; the compiled copies of some modules only take less time, and a test compares the
histories of both byte for byte. They lie in a folder of their own, with a list of the sources that they were made from:

    python -m herzschlag.compiled            builds them (`make compiled`; `make setup` where a C compiler is)
    from herzschlag.compiled import serving
    serving.use()                            from here on this process imports them, if they fit the sources

`modules.py` decides which modules, `folder.py` where they lie and whether they fit, `building.py` how they are made.
The command line and the workers of an exploration use them; tests and the processes of a lab on real packets do not.
With HERZSCHLAG_PURE=1 no process does. Standard library only; mypy and setuptools for building.
"""
