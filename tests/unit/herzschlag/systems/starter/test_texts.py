"""The files of a new system are a system, a scenario of it and a test; on real packets tests/systems plays them."""

import ast

import pytest

from herzschlag.systems.filling import filled
from herzschlag.systems.finding import loads
from herzschlag.systems.starter.texts import texts
from herzschlag.topo.catalog import two_networks
from herzschlag.wrong_input import InputError


def test_the_daemon_is_python_once_its_placeholders_are_filled() -> None:
    own, played, test = texts("my-beat", "cut").items()
    system = loads(own[1])
    assert (own[0], played[0], test[0]) == ("my-beat.toml", "cut.toml", "test_my_beat.py")
    (daemon,) = system.files
    assert filled(daemon.path, system, two_networks(3), "host-98") == "/run/my-beat.py"
    for text in (filled(daemon.text, system, two_networks(3), "host-98"), test[1]):
        ast.parse(text)
    for _, text in (own, played, test):
        assert "my-system" not in text and "@" not in text.replace("@pytest", "")
    assert 'system = "my-beat.toml"' in played[1] and 'system="my-beat.toml"' in test[1]


@pytest.mark.parametrize("name", ["etcd", "My", "", "my beat"])
def test_a_name_that_is_taken_or_none_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        texts(name, "cut")
