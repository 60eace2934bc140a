"""Validation of a scenario: references, limits, contradictions.

This module decides what is refused before anything starts. It leaves file names to `from_toml.py`: errors here carry
the key alone. An expectation that could never be tested is refused too: a misspelt record kind in a `never` holds for
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import get_args

import msgspec

from herzschlag import extensions
from herzschlag.agents.states import HostState, Role
from herzschlag.faults import FaultError, kinds, primitives_of
from herzschlag.faults import primitives as p
from herzschlag.faults.claims import claims, needs_alive, powered_off
from herzschlag.history.kinds import KINDS
from herzschlag.scenarios.expectations import (
    CHECKER_NAMES,
    FOREIGN_CHECKER_NAMES,
    NOWHERE,
    RESERVED_MOMENTS,
    UNMOVED,
    Count,
    Expectation,
    Instant,
    Matcher,
    Never,
    Order,
    State,
    Window,
)
from herzschlag.scenarios.foreign import check_cluster, check_step
from herzschlag.scenarios.model import Scenario, Step, VmEntry
from herzschlag.scenarios.numbers import LONGEST_S, check_numbers
from herzschlag.scenarios.options import RECONFIGURABLE, OptionError, check_vm_option, names
from herzschlag.scenarios.plan import make_plan
from herzschlag.topo.spec import SpecError, TopologySpec
from herzschlag.wrong_input import Gathered, InputError, nearest

SHORTEST_S = 1e-9
SLOWEST = 0.001
"""Speed. A heartbeat goes out every 1,000 s then."""
MOST_VMS = 8000  # per cluster since vSphere 6.0 (fact sheet 9)
MOST_STEPS = 10_000
NAME_BYTES_MAX = 200
"""Of the 255 that file systems allow for a directory: a scenario that is run several times gets a number besides."""


def check(scenario: Scenario) -> None:
    """Raise InputError for everything that is wrong, ExtensionError for a fault of another package that is."""
    gathered = Gathered()
    look(scenario, gathered)
    gathered.close()


def look(scenario: Scenario, gathered: Gathered, *, steps: bool = True) -> None:
    """The same, gathered. What rests on something wrong is not looked at: a wrong cluster says nothing of its steps.
    Without `steps`: only what does not depend on them, as some could not be read."""
    kinds()
    _times(scenario, gathered)
    lab = None
    with gathered.each():
        lab = _cluster(scenario)
    if lab is None or not steps:
        return
    before = gathered.count
    _steps(scenario, lab, gathered)
    if gathered.count == before:
        with gathered.each():
            _contradictions(scenario, lab)
    _expectations(scenario, lab, gathered)
    if gathered.count == 0:
        with gathered.each():
            check_numbers(scenario)


def _times(scenario: Scenario, gathered: Gathered) -> None:
    with gathered.each():
        _name(scenario.name)
    with gathered.each():
        check_speed(scenario.speed, "speed")
    with gathered.each():
        if not 0 <= scenario.patience_s <= LONGEST_S:
            raise InputError("patience_s", f"is {scenario.patience_s:g}: from 0 to {LONGEST_S:g} (a week)")
    for key in ("settle_s", "ready_s"):
        value = getattr(scenario, key)
        with gathered.each():
            if not 0 < value <= LONGEST_S:
                raise InputError(key, f"is {value:g}: above 0, at most {LONGEST_S:g} (a week)")


def _name(name: str) -> None:
    if not name or any(not (c.isalnum() or c in "-_.@") for c in name):
        raise InputError("name", f"is {name!r}: letters, digits, '-', '_', '.' and '@'; it names a directory")
    if name.startswith("."):
        raise InputError("name", f"is {name!r}: it names a directory, so it must not begin with '.'")
    if (size := len(name.encode())) > NAME_BYTES_MAX:
        shown = f"{name[:40]}…"
        raise InputError("name", f"is {shown!r}, {size} bytes long: at most {NAME_BYTES_MAX}; it names a directory")


def check_speed(speed: float, key: str) -> None:
    if not (math.isfinite(speed) and SLOWEST <= speed <= 1000):
        raise InputError(
            key, f"is {speed:g}: above 0, at most 1000, at least {SLOWEST:g}; 1 is real time, 10 ten times as fast"
        )


def _cluster(scenario: Scenario) -> TopologySpec:
    cluster = scenario.cluster
    try:
        lab = cluster.topology()
    except SpecError as error:
        raise InputError("cluster", str(error)) from None
    check_cluster(scenario, lab)
    known_datastores = [d.name for d in lab.datastores]
    for name in cluster.heartbeat_datastores or ():
        if name not in known_datastores:
            raise InputError(
                "cluster.heartbeat_datastores", f"{name!r} is not a datastore: {nearest(name, known_datastores)}"
            )
    if not 0 <= cluster.vms_per_host <= MOST_VMS // len(lab.moids):
        raise InputError("cluster.vms_per_host", f"is {cluster.vms_per_host}: 0 to {MOST_VMS // len(lab.moids)}")
    seen: set[str] = set()
    for index, vm in enumerate(cluster.vm_entries()):
        given = index - cluster.vms_per_host * len(lab.moids)
        key = f"cluster.vms[{given}]" if given >= 0 else "cluster.vms_per_host"
        _vm_entry(vm.host, vm.datastore, vm.compatible_hosts, lab, key)
        if vm.on and vm.power_on_fails:
            raise InputError(
                f"{key}.power_on_fails",
                "a VM that cannot be powered on cannot be on at the start: let it fail later, by a step"
                f" reconfigure with options.vm.{vm.name}.power_on_fails = true, or set on = false",
            )
        _vm_numbers(vm, key)
        for config in vm.configs(tuple(d.name for d in lab.datastores_of(vm.host)), 0):
            if config.name in seen:
                raise InputError(f"{key}.name", f"{config.name!r} is used twice: VM names must be unique")
            seen.add(config.name)
    if len(seen) > MOST_VMS:
        raise InputError("cluster.vms", f"{len(seen)} VMs: at most {MOST_VMS} are allowed")
    try:
        make_plan(msgspec.structs.replace(scenario, steps=()))  # they are looked at below
    except OptionError as error:
        raise InputError(f"cluster.options.{error.option}", error.text) from None
    return lab


def _vm_entry(host: str, datastore: str, compatible: tuple[str, ...] | None, lab: TopologySpec, key: str) -> None:
    for name in (host, *(compatible or ())):
        if name not in lab.moids:
            where = f"{key}.host" if name == host else f"{key}.compatible_hosts"
            raise InputError(where, f"{name!r} is not a host of this cluster: {nearest(name, lab.moids)}")
    reached = [d.name for d in lab.datastores_of(host)]
    if not reached:
        raise InputError(f"{key}.host", f"{host} sees no datastore, so it cannot have VMs: add a datastore")
    if datastore and datastore not in reached:
        raise InputError(
            f"{key}.datastore", f"is {datastore!r}, which {host} does not see: {nearest(datastore, reached)}"
        )


def _vm_numbers(vm: VmEntry, key: str) -> None:
    if vm.count is not None and not 1 <= vm.count <= MOST_VMS:
        raise InputError(f"{key}.count", f"is {vm.count}: 1 to {MOST_VMS}")
    for name in ("guest_shutdown_s", "power_on_s"):
        if not 0 <= (length_s := getattr(vm, name)) <= LONGEST_S:
            raise InputError(f"{key}.{name}", f"is {length_s:g}: from 0 to {LONGEST_S:g} (a week)")
    for name in ("memory_mb", "cpu_mhz"):
        if (size := getattr(vm, name)) < 0:
            raise InputError(f"{key}.{name}", f"is {size}: not below 0")


def _steps(scenario: Scenario, lab: TopologySpec, gathered: Gathered) -> None:
    vms = scenario.cluster.vm_configs()
    if len(scenario.steps) > MOST_STEPS:
        with gathered.each():
            raise InputError("steps", f"{len(scenario.steps)} steps: at most {MOST_STEPS} are allowed")
        return
    taken: dict[str, int] = {}
    for index, step in enumerate(scenario.steps):
        key = f"steps[{index}]"
        with gathered.each():
            _step_times(step, key)
        with gathered.each():
            _step_id(step, taken, key)
        taken[step.id] = index
        with gathered.each():
            _step_fault(step, lab, list(vms), key)
            check_step(step, scenario, lab, key)


def _step_times(step: Step, key: str) -> None:
    if not 0 <= step.at_s <= LONGEST_S:
        raise InputError(f"{key}.at_s", f"is {step.at_s:g}: 0 to {LONGEST_S:g} seconds after the cluster is ready")
    if step.for_s is not None and not 0 < step.for_s <= LONGEST_S:
        raise InputError(f"{key}.for_s", f"is {step.for_s:g}: above 0; leave it out for a fault that stays")
    if step.for_s is not None and step.for_s < SHORTEST_S:
        raise InputError(f"{key}.for_s", f"is {step.for_s:g}: at least 1 ns, the unit in which time passes")
    if step.for_s is not None and not step.fault.undoable:
        raise InputError(f"{key}.for_s", f"a fault {step.fault.describe()!r} happens once and cannot be undone")


def _step_id(step: Step, taken: dict[str, int], key: str) -> None:
    if step.id in (*RESERVED_MOMENTS, "") or step.id.endswith(".end"):
        raise InputError(f"{key}.id", f"is {step.id!r}, which names a moment of every run: choose another")
    if step.id in taken:
        raise InputError(f"{key}.id", f"{step.id!r} is also that of steps[{taken[step.id]}]: give each its own id")


def _step_fault(step: Step, lab: TopologySpec, vms: list[str], key: str) -> None:
    try:
        found = primitives_of(step.fault, lab)
    except FaultError as error:
        raise InputError(f"{key}.{error.field}", str(error)) from None
    for vm in step.fault.vms():
        if vm not in vms:
            raise InputError(f"{key}.vm", f"{vm!r} is not a VM of this cluster: {nearest(vm, vms)}")
    _reconfigured(found, vms, f"{key}.options")


def _reconfigured(found: Iterable[p.Primitive], vms: list[str], key: str) -> None:
    for option, value in ((one.option, one.value) for one in found if isinstance(one, p.Reconfigured)):
        try:
            if check_vm_option(option, value, vms):
                continue
        except OptionError as error:
            raise InputError(f"{key}.{option}", error.text) from None
        if option not in RECONFIGURABLE:
            known = nearest(option, RECONFIGURABLE if option not in names() else ())
            raise InputError(f"{key}.{option}", f"cannot be changed in a running cluster: {known}")


def _contradictions(scenario: Scenario, lab: TopologySpec) -> None:
    """Refuse two faults that disturb the same thing at once, and faults on a host without power."""
    steps = [(step, step.fault.primitives(lab)) for step in scenario.plain_steps()]
    steps.sort(key=lambda pair: pair[0].at_s)
    for i, (early, early_primitives) in enumerate(steps):
        wanted, dark = claims(early_primitives), powered_off(early_primitives)
        if not wanted and not dark:
            continue
        for late, late_primitives in steps[i + 1 :]:
            if early.end_s is not None and late.at_s >= early.end_s:
                continue
            both = wanted & claims(late_primitives)
            if both:
                raise InputError(
                    "steps",
                    f"{_named(early)} and {_named(late)} contradict each other: "
                    f"both change {' of '.join(sorted(both)[0])} at the same time",
                )
            dead = dark & needs_alive(late_primitives)
            if dead:
                raise InputError(
                    "steps",
                    f"{_named(early)} and {_named(late)} contradict each other: {sorted(dead)[0]} has no power then",
                )


def _named(step: Step) -> str:
    end = "" if step.for_s is None else f" for {step.for_s:g} s"
    return f"{step.id!r} ({step.fault.describe()} at {step.at_s:g} s{end})"


def _expectations(scenario: Scenario, lab: TopologySpec, gathered: Gathered) -> None:
    moments = _moments(scenario)
    for key, item in scenario.expect.all():
        if isinstance(item, Window):
            with gathered.each():
                _moment(item.after, moments, f"{key}.after")
            with gathered.each():
                _moment(item.until, moments, f"{key}.until")
        with gathered.each():
            _expectation(item, moments, scenario, lab, key)
    with gathered.each():
        _allowed(scenario)


def _moments(scenario: Scenario) -> list[str]:
    try:
        steps = scenario.plain_steps()
    except FaultError:  # told already
        steps = scenario.steps
    ends = {step.id: [f"{step.id}.end"] if step.for_s is not None else [] for step in steps}
    return [*RESERVED_MOMENTS, *(moment for step in steps for moment in (step.id, *ends[step.id]))]


def _expectation(item: Expectation, moments: list[str], scenario: Scenario, lab: TopologySpec, key: str) -> None:
    match item:
        case Instant():
            _instant(item, moments, bool(scenario.steps), lab, key)
        case State():
            _moment(item.at, moments, f"{key}.at")
            _state(item, scenario, lab, key)
        case Order(records=records):
            for index, matcher in enumerate(records):
                _matcher(matcher, lab, f"{key}.records[{index}]")
        case Count():
            _matcher(item.record, lab, f"{key}.record")
            figures = [figure for figure in (item.exactly, item.at_least, item.at_most) if figure is not None]
            if not figures or min(figures) < 0:
                raise InputError(key, "counts against nothing: give exactly, at_least or at_most, not below 0")
        case Never():
            _matcher(item.record, lab, f"{key}.record")
        case _:
            pass


def _allowed(scenario: Scenario) -> None:
    known = (*CHECKER_NAMES, *FOREIGN_CHECKER_NAMES, *extensions.names(extensions.CHECKERS))
    for index, allow in enumerate(scenario.expect.allow):
        if allow.checker not in known:
            raise InputError(
                f"expect.allow[{index}].checker",
                f"{allow.checker!r} is not a checker: {nearest(allow.checker, known)}",
            )


def _moment(word: str, moments: list[str], key: str) -> None:
    if word not in moments:
        raise InputError(key, f"{word!r} is not a moment of this scenario: {nearest(word, moments)}")


def _instant(item: Instant, moments: list[str], has_steps: bool, lab: TopologySpec, key: str) -> None:
    _matcher(item.record, lab, f"{key}.record")
    if isinstance(item.after, dict):
        _matcher(item.after, lab, f"{key}.after")
    elif item.after:
        _moment(item.after, moments, f"{key}.after")
    elif not has_steps:
        raise InputError(f"{key}.after", "is missing, and there is no first step to count from: name a moment")
    if (item.published_s is None) == (item.expected_s is None):
        why = "names no time" if item.expected_s is None else "names its time twice"
        raise InputError(key, f"{why}: give expected_s, or published_s with the source that published it")
    figure = "published_s" if item.expected_s is None else "expected_s"
    low, high = item.range_s
    if not 0 <= low <= high:
        raise InputError(f"{key}.{figure}", f"is {low:g} to {high:g}: not below 0, the lower figure first")
    if item.room_s < 0 or item.nth < 1:
        raise InputError(key, f"room_s={item.room_s:g}, nth={item.nth}: not below 0, and from 1")


def _matcher(matcher: Matcher, lab: TopologySpec, key: str) -> None:
    if "kind" not in matcher:
        raise InputError(key, "names no kind of record: add kind = '...'")
    kinds = matcher["kind"] if isinstance(matcher["kind"], list) else [matcher["kind"]]
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"{key}.kind", f"{kind!r} is not a kind of record: {nearest(str(kind), KINDS)}")
        known = ("kind", "node", *KINDS[str(kind)].fields)
        for name in matcher:
            if name not in known:
                raise InputError(f"{key}.{name}", f"is not a field of a {kind!r} record: {nearest(name, known)}")
    for name in ("node", "host", "target"):
        given = matcher.get(name, [])
        for node in given if isinstance(given, list) else [given]:
            if str(node).startswith("~"):
                continue
            _one_of(node, (*lab.nodes, "herzschlag"), f"{key}.{name}")
    for name, given in matcher.items():
        values = [KINDS[str(kind)].fields[name].values for kind in kinds if name not in ("kind", "node")]
        for value in given if isinstance(given, list) else [given]:
            if all(values) and values and not str(value).startswith("~"):
                _one_of(value, {each: None for known in values for each in known}, f"{key}.{name}")


def _one_of(value: object, known: Iterable[str], key: str) -> None:
    if value not in tuple(known):
        raise InputError(key, f"is {value!r}: {nearest(str(value), known)}")


def _state(item: State, scenario: Scenario, lab: TopologySpec, key: str) -> None:
    vms = scenario.cluster.vm_configs()
    for host, role in item.roles.items():
        _one_of(host, lab.moids, f"{key}.roles")
        _one_of(role, (*get_args(Role), "off"), f"{key}.roles.{host}")
    for index, seen in enumerate(item.seen):
        _one_of(seen.by, (*lab.moids, "vcenter"), f"{key}.seen[{index}].by")
        for host, state in seen.hosts.items():
            _one_of(host, lab.moids, f"{key}.seen[{index}].hosts")
            _one_of(state, get_args(HostState), f"{key}.seen[{index}].hosts.{host}")
    for vm, place in item.vms.items():
        _one_of(vm, vms, f"{key}.vms")
        for host in (place,) if isinstance(place, str) else place:
            _one_of(host, (*lab.moids, NOWHERE, UNMOVED), f"{key}.vms.{vm}")
    if not (item.roles or item.seen or item.vms):
        raise InputError(key, "expects nothing: give roles, seen or vms")
