"""What a system's file may say, and the refusal of what could not work."""

import msgspec
import pytest

from herzschlag.systems.finding import shipped, system_named
from herzschlag.systems.model import Links, Program, Read, Ready, System, Writes, check, with_options
from herzschlag.wrong_input import InputError

READ = Read(match="state (?P<to>LEADER|FOLLOWER)", record="role", words={"LEADER": "master", "FOLLOWER": "slave"})
LINK = Read(match="(?P<peer>x) (?P<to>y)", record="link")
BEAT = System(
    name="mybeat", settle_s=3, options={"port": 7000}, programs=(Program(name="beat", argv=("beat",)),), reads=(READ,)
)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_system_is_sound(name: str) -> None:
    system = system_named(name)
    assert system.name == name
    assert system.packages


@pytest.mark.parametrize(
    ("changes", "key", "says"),
    [
        ({"name": "My Beat"}, "name", "small letters"),
        ({"programs": ()}, "programs", "no program"),
        ({"programs": (Program(name="x", argv=()),)}, "programs[0].argv", "is empty"),
        ({"programs": BEAT.programs * 2}, "programs[0].name", "used twice"),
        ({"settle_s": 0}, "settle_s", "above 0"),
        ({"reads": ()}, "reads", "neither a role nor"),
        ({"reads": (Read(match="(", record="role"),)}, "reads[0].match", "not a regular expression"),
        ({"reads": (Read(match="x", record="role"),)}, "reads[0].match", "no group 'to'"),
        ({"reads": (Read(match="(?P<to>x)", record="term"),)}, "reads[0].match", "no group 'term'"),
        ({"reads": (msgspec.structs.replace(READ, of="beet"),)}, "reads[0].of", "did you mean 'beat'"),
        ({"reads": (msgspec.structs.replace(READ, words={"X": "mastre"}),)}, "reads[0].words", "did you mean 'master'"),
        ({"ready": Ready(roles={"leader": 1})}, "ready.roles", "'leader' is not a role"),
        ({"reads": (Read(match="(?P<to>x)", record="view"),)}, "reads[0].match", "no group 'members'"),
        ({"reads": (Read(match="(?P<to>x)", record="link"),)}, "reads[0].match", "no group 'peer'"),
        ({"reads": (LINK,)}, "links", "say when an end must have noticed"),
        ({"reads": (msgspec.structs.replace(LINK, words={"X": "upp"}),)}, "reads[0].words", "did you mean 'up'"),
        ({"ready": Ready(every="leader")}, "ready.every", "'leader' is not a role"),
        ({"ready": Ready(first="leader")}, "ready.first", "'leader' is not a role"),
        ({"programs": (Program(name="writer", argv=("x",)),)}, "programs[0].name", "choose another name"),
        ({"writes": Writes(argv=(), read=("x",))}, "writes.argv", "is empty"),
        ({"writes": Writes(argv=("x",), read=())}, "writes.read", "is empty"),
        ({"unicast_profiles": ("one",)}, "unicast_profiles", "is not a profile"),
        ({"profiles": {"fast": {"prot": 1}}}, "profiles.fast", "did you mean 'port'"),
    ],
)
def test_what_could_not_work_is_refused_with_its_key(changes: dict[str, object], key: str, says: str) -> None:
    assert check(BEAT) is BEAT
    with pytest.raises(InputError) as caught:
        check(msgspec.structs.replace(BEAT, **changes))
    assert caught.value.key == key
    assert says in caught.value.text


def test_options_come_over_profiles_and_both_over_the_files_own() -> None:
    system = msgspec.structs.replace(BEAT, profiles={"fast": {"port": 1}})
    assert with_options(system, "", {}).options == {"port": 7000}
    assert with_options(system, "fast", {}).options == {"port": 1}
    assert with_options(system, "fast", {"port": 2}).options == {"port": 2}
    with pytest.raises(InputError, match="did you mean 'fast'"):
        with_options(system, "fats", {})
    with pytest.raises(InputError, match="did you mean 'port'"):
        with_options(system, "", {"prot": 1})


def test_a_system_says_whether_a_host_can_lead() -> None:
    assert {name: system_named(name).has_leader for name in shipped()} == {
        "corosync": False,
        "etcd": True,
        "frr-bfd": False,
        "keepalived": True,
        "pacemaker": True,
        "patroni": True,
        "redis-sentinel": True,
        "serf": False,
        "ucarp": True,
    }
    plain = msgspec.structs.replace(BEAT, reads=(Read(match="(?P<to>master|slave)", record="role"),))
    assert plain.has_leader


def test_opinions_of_links_are_enough_for_a_system() -> None:
    links = Links(detection_s=(0.3, 3), told_s=1)
    system = check(msgspec.structs.replace(BEAT, reads=(LINK,), links=links))
    assert (system.has_links, system.has_roles, system.has_leader) == (True, False, False)


def test_a_profile_may_take_longer_to_settle() -> None:
    slow = msgspec.structs.replace(BEAT, options={"settle_s": 3}, profiles={"slow": {"settle_s": 9}})
    assert (with_options(slow, "", {}).settle_s, with_options(slow, "slow", {}).settle_s) == (3, 9)
    for wrong in ("long", 0, -1):
        with pytest.raises(InputError, match="above 0"):
            with_options(slow, "", {"settle_s": wrong})
