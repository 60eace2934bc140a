"""One master in each group: of a system whose leader needs a majority, none where there is no majority."""

import pytest

from tests.support.foreign import CORRECT, Said, judged, role

STEPS_DOWN = role(22, "host-98", "election", "master")


@pytest.mark.parametrize(
    ("system", "said", "verdict", "because"),
    [
        ("etcd", (*CORRECT, STEPS_DOWN, role(40.2, "host-98", "master", "election")), "holds", "that has a majority"),
        ("etcd", CORRECT, "violated", "host-98: host-98 led at"),
        ("keepalived", (*CORRECT, STEPS_DOWN), "violated", "(host-98 election)"),
        ("keepalived", CORRECT, "holds", "one master each"),
    ],
)
def test_a_host_alone_leads_unless_its_system_needs_a_majority(
    system: str, said: tuple[Said, ...], verdict: str, because: str
) -> None:
    finding = judged(said, system)["one-master"]
    assert finding.verdict == verdict
    assert because in finding.because
