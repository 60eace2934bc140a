"""Scenario files: reads TOML and returns a checked Scenario.

This module decides how files are found (shipped names or paths) and reports what is wrong in them with file, key, value
and the nearest key that exists. It leaves what scenarios mean to `model.py` and `validation.py`.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from herzschlag import faults
from herzschlag.errors import WrongInput
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.model import SETTLE_S, Cluster, Scenario, Step
from herzschlag.scenarios.positions import line_of
from herzschlag.scenarios.validation import check
from herzschlag.scenarios.variants import family
from herzschlag.wrong_input import InputError, build, join, nearest, unknown_keys

TOP = ("name", "title", "about", "speed", "settle_s", "patience_s", "ready_s", "cluster", "steps", "expect", "variants")


class ScenarioError(WrongInput):
    """A scenario that cannot be run; the text is one message naming file and key."""


def shipped() -> dict[str, str]:
    """Names of the scenarios in the package, with their text; cases by number, after the others."""
    folder = resources.files("herzschlag.scenarios") / "shipped"
    found = {item.name.removesuffix(".toml"): item for item in folder.iterdir() if item.name.endswith(".toml")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found, key=_shelf)}


def _shelf(name: str) -> tuple[int, str]:
    first = ("normal", "slave-failure", "master-failure", "isolation", "partition")
    return (first.index(name), "") if name in first else (len(first), name)


def load(name_or_path: str) -> Scenario:
    """One scenario: a shipped one by name, or a file by path; `name@variant` for one of a family."""
    found = load_family(name_or_path)
    if len(found) > 1:
        names = ", ".join(scenario.name for scenario in found)
        raise ScenarioError(f"{name_or_path}: is a family of {len(found)} scenarios: name one of {names}")
    return found[0]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # no file can have this name: too long, or with a zero byte
        return False


def load_family(name_or_path: str) -> tuple[Scenario, ...]:
    """All scenarios of a name or path: one, or each variant of a family."""
    texts = shipped()
    name, _, variant = name_or_path.rpartition("@")
    if not name or _is_there(name_or_path):
        name, variant = name_or_path, ""
    if name in texts:
        return loads_family(texts[name], f"{name}.toml", variant)
    if "/" not in name and not name.endswith(".toml") and not _is_there(name):
        raise ScenarioError(
            f"scenario {name_or_path!r}: no shipped scenario and no file has this name: "
            f"{nearest(name, texts)} (herzschlag scenarios lists them)"
        )
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{name}: cannot be read: {error.strerror}; check the path") from None
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{name}: is not UTF-8 text (byte {error.start}): a scenario is TOML") from None
    return loads_family(text, name, variant)


def loads(text: str, source: str) -> Scenario:
    """The one scenario of a TOML text; errors call the text `source`."""
    (scenario,) = loads_family(text, source)
    return scenario


def loads_family(text: str, source: str, variant: str = "") -> tuple[Scenario, ...]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source}:{_line_of_syntax(error, text)}: is not TOML: {error}") from None
    try:
        members = family(data)
        if variant and variant not in members:
            raise InputError("variants", f"{variant!r} is not one of them: {nearest(variant, members)}")
        wanted = [variant] if variant else list(members)
        return tuple(_checked(members[name], f"{source}@{name}" if name else source, text) for name in wanted)
    except InputError as error:
        key = error.key.rpartition(": ")[2]
        raise ScenarioError(f"{source}:{line_of(text, key)}: {error}") from None


def _line_of_syntax(error: tomllib.TOMLDecodeError, text: str) -> int:
    """As the message says it; the last line for a text that ends too early."""
    said = re.search(r"at line (\d+)", str(error))
    return int(said[1]) if said else text.count("\n") + 1


def _checked(data: dict[str, Any], source: str, text: str) -> Scenario:
    try:
        scenario = msgspec.structs.replace(_scenario(data), source=source, text=text)
        check(scenario)
    except InputError as error:
        where = f"variant {source.rpartition('@')[2]}: {error.key}" if "@" in source else error.key
        raise InputError(where, error.text) from None
    return scenario


def _scenario(data: dict[str, Any]) -> Scenario:
    unknown_keys(data, TOP, "")
    rest = {key: value for key, value in data.items() if key not in ("cluster", "steps", "expect")}
    for key in ("name", "title"):
        if key not in rest:
            raise InputError(key, f"the key {key!r} is missing: add it")
    cluster = data.get("cluster", {})
    if isinstance(cluster, dict) and isinstance(cluster.get("options"), dict):
        cluster = cluster | {"options": flat(cluster["options"])}
    steps = data.get("steps", [])
    if not isinstance(steps, list):
        raise InputError("steps", f"is {steps!r}: write [[steps]], with double brackets")
    return msgspec.structs.replace(
        build(_Top, rest).scenario(),
        cluster=build(Cluster, cluster, "cluster"),
        steps=tuple(_step(item, index) for index, item in enumerate(steps)),
        expect=build(Expectations, data.get("expect", {}), "expect"),
    )


class _Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plain keys at the top of a file."""

    name: str
    title: str
    about: str = ""
    speed: float = 10.0
    settle_s: float = SETTLE_S
    patience_s: float = 0.0
    ready_s: float = 120.0

    def scenario(self) -> Scenario:
        return Scenario(**msgspec.structs.asdict(self))


def _step(data: Any, index: int) -> Step:
    path = join("steps", index)
    if not isinstance(data, dict):
        raise InputError(path, f"is {data!r}: a step is a table; write [[steps]], with double brackets")
    if "fault" not in data:
        raise InputError(path, "the key 'fault' is missing: add it")
    kind = faults.kinds().get(data["fault"]) if isinstance(data["fault"], str) else None
    if kind is None:
        known = nearest(str(data["fault"]), faults.kinds())
        raise InputError(join(path, "fault"), f"is {data['fault']!r}: no fault has this name: {known}")
    own = get_type_hints(kind)
    fields = [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name in own]
    unknown_keys(data, [*faults.STEP_KEYS, *fields], path)
    value = {key: item for key, item in data.items() if key not in faults.STEP_KEYS}
    if "options" in value and isinstance(value["options"], dict):
        value["options"] = flat(value["options"])
    times = {key: data[key] for key in ("at_s", "for_s", "id") if key in data}
    plain = build(_StepKeys, times, path)
    fault = build(kind, value, path)
    return Step(at_s=plain.at_s, for_s=plain.for_s, id=plain.id or str(data["fault"]), fault=fault)


class _StepKeys(msgspec.Struct, frozen=True):
    at_s: float
    for_s: float | None = None
    id: str = ""


def flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Undo TOML's reading of `das.x = 1` as a table in a table."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}.{key}" if prefix else key
        found |= flat(value, name) if isinstance(value, dict) else {name: value}
    return found
