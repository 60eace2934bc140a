"""The pytest plugin: clusters for tests, made as a marker asks, judged by every checker, reported when a test fails.

from herzschlag.plugin import with_cluster

@with_cluster(hosts=4, vms_per_host=1)
def test_it(cluster): ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pytest

if TYPE_CHECKING:  # pytest loads this file in every project: nothing else of this one is imported for it
    from herzschlag.plugin.keys import ClusterKeys

__all__ = ["with_cluster"]


def with_cluster(**keys: Unpack[ClusterKeys]) -> pytest.MarkDecorator:
    """The marker `pytest.mark.herzschlag`, for a test, a class or a module (`pytestmark = …`), with keys that a type
    checker knows."""
    return pytest.mark.herzschlag(**keys)
