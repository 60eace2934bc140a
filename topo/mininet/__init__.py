"""Mininet and our classes over its own: the one folder that imports the package `mininet`.

Mininet is imported here first, because it imports `distutils`. Python announces that as deprecated, and setuptools
answers for it with all of itself, which takes ten times as long as the rest of Mininet. So the standard library's
distutils answers where Python still has it, and nothing of it stays behind for others.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_SETUPTOOLS_FINDER = "DistutilsMetaFinder"
_DISTUTILS_REMOVED = (3, 12)


@contextmanager
def _plain_distutils() -> Iterator[None]:
    if sys.version_info >= _DISTUTILS_REMOVED:
        yield
        return
    finders, before = list(sys.meta_path), set(sys.modules)
    sys.meta_path[:] = [one for one in finders if type(one).__name__ != _SETUPTOOLS_FINDER]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "distutils":
                del sys.modules[name]


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    with _plain_distutils():
        import mininet.net  # noqa: F401
