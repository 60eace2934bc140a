"""The keys that a type checker sees are those that the marker takes."""

from __future__ import annotations

import pytest

from herzschlag.plugin import with_cluster
from herzschlag.plugin.keys import ClusterKeys
from herzschlag.plugin.marker import OWN_KEYS
from herzschlag.scenarios.model import Cluster as Setup


def test_the_typed_keys_are_those_of_the_marker() -> None:
    assert sorted(ClusterKeys.__annotations__) == sorted((*Setup.__struct_fields__, *OWN_KEYS))
    assert not ClusterKeys.__required_keys__


def test_the_typed_marker_is_the_marker() -> None:
    assert with_cluster(hosts=4, speed=20) == pytest.mark.herzschlag(hosts=4, speed=20)
