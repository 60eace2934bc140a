"""A system as a value: its programs and files in a host, what its lines mean, when it is ready, what it needs.

This module decides what a system's file can say, and refuses what could not be carried out. It leaves finding the file
to `finding.py`, filling words into its texts to `filling.py`, and running it to the stage.
"""

from __future__ import annotations

import math
import re
from typing import Literal, get_args

import msgspec

from herzschlag.agents.states import Role
from herzschlag.wrong_input import InputError, nearest

Option = str | int | float

DISK_MB_MAX = 4096
WRITER = "writer"
"""Name of the program that writes, in records and in `log/`."""
DONE = "its work was done"
"""Why a program that may end did."""
ROLES: tuple[Role, ...] = get_args(Role)
"""What a system's own roles are called in records."""
LinkState = Literal["up", "down"]
LINK_STATES: tuple[LinkState, ...] = get_args(LinkState)
GROUPS = {"role": ("to",), "term": ("term",), "view": ("members",), "link": ("peer", "to")}
"""Named groups that a regular expression must have, by the record that is made of its line."""


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of every host, written before its programs start."""

    path: str
    text: str
    once: bool = False
    """Written in the first life alone, because the system itself rewrites it: it lies in a kept folder."""


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program of every host that stays in the foreground; what it writes is kept, and read line by line."""

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    after: str = ""
    """A shell command that succeeds once the programs before this one are up; empty: it starts at once."""
    ends: bool = False
    """It ends by itself, with status 0, when its work is done."""


class Read(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that becomes a record of its host at the moment at which it comes."""

    match: str
    """A regular expression, searched for in the line; its named groups are the record's fields."""
    record: Literal["role", "term", "view", "link"]
    """`role`: group `to` is the new role. `term`: the host leads the term whose number is group `term`. `view`: group
    `members` has the numbers of the hosts that it takes for members, from 1, with blanks between. `link`: group `to` is
    what it thinks of its link to the host that has the address of group `peer`: `up` or `down`."""
    of: str = ""
    """Name of the program that writes it, or `fifo:PATH` for a pipe that it writes to; empty: any program."""
    words: dict[str, str] = {}
    """What the system calls a role or the state of a link, to what records call it."""


class Heartbeats(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the system's heartbeats look like on the wire."""

    protocol: int
    """Number of the IP protocol: 112 is VRRP, 17 UDP."""
    port: int = 0
    """Of UDP or TCP, the destination port; 0: any."""
    interval_s: float | str
    """How often each sender sends one; a placeholder for an option."""


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When each end of a link, by the system's rules, has noticed what became of it."""

    detection_s: tuple[float | str, int | str]
    """How often each end sends, and how many that do not come in a row make it call the link down; placeholders."""
    told_s: float
    """How much later an end that still hears the other has learned that it is not heard itself."""


class Ready(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every host has said its role, and so many have these; where no line tells a role, every link is up."""

    roles: dict[str, int] = msgspec.field(default_factory=lambda: {"master": 1})
    every: str = ""
    """Every host's role, where none leads; then `roles` is not asked for."""
    first: str = ""
    """The first host's role, where the system can be told who leads; empty: any."""


class Writes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client on every host that writes all the time; its lines are those of `writers/writing.py`."""

    argv: tuple[str, ...]
    """It writes, and says what it was told."""
    read: tuple[str, ...]
    """It says what is there; run on every host when the run is over."""


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HA system; texts of files, programs and options have placeholders (`filling.py`)."""

    name: str
    packages: dict[str, str] = {}
    """Program that must be on the machine, to the Debian package that has it."""
    settle_s: float
    """This long after a change, hosts that reach each other have made up their minds; an option of this name takes its
    place, where a profile makes it longer."""
    majority: bool = False
    """Hosts that do not reach a majority of all have no leader."""
    networks: tuple[Literal["A", "B"], ...] = ()
    """Those of the lab that it uses; empty: all. Hosts that reach each other on another one alone have lost each other.
    """
    floods: bool = False
    """It sends multicasts or broadcasts, or has an address that moves, which is asked for by ARP."""
    unicast_profiles: tuple[str, ...] = ()
    """Profiles in which each of its packets has one receiver, though it floods: what an address moves by is not one of
    its heartbeats. Lines can be bad for these. An empty name: without a profile."""
    users: tuple[str, ...] = ()
    """Users and groups to which its programs change: in a host they are root, because an ordinary user's lab has one
    user alone."""
    address: str = ""
    """An address that one host holds at a time; the kernel is asked who."""
    fresh: tuple[str, ...] = ()
    """Folders of each host alone that are empty in every life, besides /run, /tmp, /var/tmp, /var/log and /dev/shm."""
    kept: tuple[str, ...] = ()
    """Folders of each host alone that survive a loss of power, besides /local."""
    disk_mb: int = 16
    """Size of `/local`, each host's own disk; it is the machine's memory, as far as it is used."""
    options: dict[str, Option] = {}
    """What a scenario may set, with the values that hold otherwise."""
    profiles: dict[str, dict[str, Option]] = {}
    """Options that belong together, under a name."""
    files: tuple[File, ...] = ()
    programs: tuple[Program, ...]
    reads: tuple[Read, ...]
    writes: Writes | None = None
    ready: Ready = Ready()
    heartbeats: Heartbeats | None = None
    links: Links | None = None
    """Asked for where a line tells the state of a link."""
    refuses: dict[str, str] = {}
    """Kinds of fault that mean nothing for it, with the reason."""

    @property
    def has_leader(self) -> bool:
        """Whether a host can lead; else its roles say who takes part."""
        roles = [read for read in self.reads if read.record == "role"]
        return any(not read.words or "master" in read.words.values() for read in roles)

    @property
    def has_views(self) -> bool:
        return any(read.record == "view" for read in self.reads)

    @property
    def has_roles(self) -> bool:
        return any(read.record == "role" for read in self.reads)

    @property
    def has_links(self) -> bool:
        return any(read.record == "link" for read in self.reads)

    @property
    def has_terms(self) -> bool:
        return any(read.record == "term" for read in self.reads)


def with_options(system: System, profile: str, options: dict[str, Option]) -> System:
    """The system with a profile and options of a scenario. Raises InputError for those that it does not have."""
    if profile and profile not in system.profiles:
        raise InputError(
            "system_profile", f"{profile!r} is not a profile of {system.name}: {nearest(profile, system.profiles)}"
        )
    for name in options:
        if name not in system.options:
            text = f"{name!r} is not an option of {system.name}: {nearest(name, system.options)}"
            raise InputError(f"system_options.{name}", text)
    merged = {**system.options, **system.profiles.get(profile, {}), **options}
    settle_s = merged.get("settle_s", system.settle_s)
    if isinstance(settle_s, str) or not 0 < settle_s < math.inf:
        raise InputError("system_options.settle_s", f"is {settle_s!r}: seconds, above 0")
    return msgspec.structs.replace(system, options=merged, settle_s=float(settle_s))


def check(system: System) -> System:
    """Raises InputError for what could never work; the keys are those of the system's file."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", system.name):
        raise InputError("name", f"is {system.name!r}: small letters, digits and '-', a letter first")
    if not system.programs:
        raise InputError("programs", "names no program: give at least one [[programs]]")
    names = [program.name for program in system.programs]
    for index, program in enumerate(system.programs):
        if not program.argv:
            raise InputError(f"programs[{index}].argv", "is empty: the program, then its arguments")
        if program.name == WRITER:
            raise InputError(f"programs[{index}].name", f"{WRITER!r} is the program of [writes]: choose another name")
        if names.count(program.name) > 1:
            raise InputError(f"programs[{index}].name", f"{program.name!r} is used twice: give each its own name")
    if not 1 <= system.disk_mb <= DISK_MB_MAX:
        raise InputError("disk_mb", f"is {system.disk_mb}: from 1 to {DISK_MB_MAX}")
    if not system.settle_s > 0:
        raise InputError("settle_s", f"is {system.settle_s:g}: above 0")
    for index, read in enumerate(system.reads):
        _check_read(read, names, f"reads[{index}]")
    if not system.has_roles and not system.has_links:
        why = "tells neither a role nor the state of a link: nothing could be judged"
        raise InputError("reads", f"{why}; give a [[reads]] with record = 'role' or 'link'")
    if system.has_links and system.links is None:
        raise InputError("links", "is missing, and a [[reads]] has record = 'link': say when an end must have noticed")
    _check_writes(system.writes)
    _check_ready(system.ready)
    _check_profiles(system)
    return system


def _check_read(read: Read, programs: list[str], key: str) -> None:
    try:
        groups = re.compile(read.match).groupindex
    except re.error as error:
        raise InputError(f"{key}.match", f"is not a regular expression: {error}") from None
    for group in GROUPS[read.record]:
        if group not in groups:
            raise InputError(f"{key}.match", f"has no group {group!r}: write (?P<{group}>...)")
    if read.of and not read.of.startswith("fifo:/") and read.of not in programs:
        raise InputError(f"{key}.of", f"is {read.of!r}: 'fifo:/PATH', or a program: {nearest(read.of, programs)}")
    what, known = ("state of a link", LINK_STATES) if read.record == "link" else ("role", ROLES)
    for word in read.words.values():
        if word not in known:
            raise InputError(f"{key}.words", f"{word!r} is not a {what}: {nearest(word, known)}")


def _check_writes(writes: Writes | None) -> None:
    for part in ("argv", "read") if writes is not None else ():
        if not getattr(writes, part):
            raise InputError(f"writes.{part}", "is empty: the program, then its arguments")


def _check_ready(ready: Ready) -> None:
    for key, roles in (
        ("ready.roles", (*ready.roles,)),
        ("ready.every", (ready.every,)),
        ("ready.first", (ready.first,)),
    ):
        for role in roles:
            if role and role not in ROLES:
                raise InputError(key, f"{role!r} is not a role: {nearest(role, ROLES)}")


def _check_profiles(system: System) -> None:
    for name in system.unicast_profiles:
        if name and name not in system.profiles:
            raise InputError("unicast_profiles", f"{name!r} is not a profile: {nearest(name, system.profiles)}")
    for name, options in system.profiles.items():
        for option in options:
            if option not in system.options:
                known = nearest(option, system.options)
                raise InputError(f"profiles.{name}", f"{option!r} is not an option of this system: {known}")
