"""The JSON schema of scenario files, for editors: completion, descriptions, and wrong keys underlined while typing.

This module decides how the schema is made of the classes that read a file, so that the two cannot differ: keys, types,
defaults, and each key's own text. It leaves what a type cannot say (names of hosts, contradictions) to `validation.py`,
which `herzschlag check` asks. It is of draft 7, which editors' TOML extensions know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from herzschlag import extensions
from herzschlag.faults import KINDS as OWN_FAULTS
from herzschlag.faults import Fault, kinds
from herzschlag.history.kinds import KINDS as RECORDS
from herzschlag.history.kinds import field_docs
from herzschlag.scenarios.expectations import CHECKER_NAMES, Expectations
from herzschlag.scenarios.from_toml import StepKeys, Top
from herzschlag.scenarios.model import Cluster, Scenario, Step
from herzschlag.scenarios.options import names
from herzschlag.scenarios.variants import Variant

Json = dict[str, Any]
SCHEMA_FILE = "herzschlag.schema.json"
"""What `herzschlag init` calls it, beside the scenario."""
_TOLD_AT: dict[type, type] = {Top: Scenario, StepKeys: Step}
"""Classes that read a file, to those that say what the same keys mean."""
DRAFT = "http://json-schema.org/draft-07/schema#"


def schema(*, with_extensions: bool = True) -> Json:
    """The schema as plain values. `with_extensions`: also faults and checkers that other packages bring here; without
    them it is the same on every machine. Raises ExtensionError for a package that is broken."""
    faults = kinds() if with_extensions else OWN_FAULTS
    checkers = (*CHECKER_NAMES, *(extensions.names(extensions.CHECKERS) if with_extensions else ()))
    structs: tuple[type[msgspec.Struct], ...] = (Top, StepKeys, Cluster, Expectations, Variant, *faults.values())
    _, definitions = msgspec.json.schema_components(structs, ref_template="#/definitions/{name}")
    known = {found.__name__: found for found in _structs(structs)}
    for name, definition in definitions.items():
        _document(definition, known.get(name))
    step_keys = definitions.pop("StepKeys")["properties"]
    top = definitions.pop("Top")
    steps = {f"step-{name}": _step(definitions.pop(fault.__name__), name, step_keys) for name, fault in faults.items()}
    definitions |= steps
    definitions["Option"] = {"type": ["string", "number", "boolean", "object"]}
    definitions["Matcher"] = _matcher()
    _refine(definitions, checkers)
    made = {
        "$schema": DRAFT,
        "title": "A scenario of Herzschlag",
        "type": "object",
        "properties": {
            **top["properties"],
            "cluster": {"$ref": "#/definitions/Cluster"},
            "steps": {
                "description": "Faults at times, perhaps undone after a while.",
                "type": "array",
                "items": {"oneOf": [{"$ref": f"#/definitions/{name}"} for name in steps]},
            },
            "expect": {"$ref": "#/definitions/Expectations"},
            "variants": {
                "description": "Runs that are equal but for some keys.",
                "type": "array",
                "items": {"$ref": "#/definitions/Variant"},
            },
        },
        "required": ["name", "title"],
        "additionalProperties": False,
        "definitions": dict(sorted(definitions.items())),
    }
    return dict(_as_draft_7(made))


def schema_text(*, with_extensions: bool = True) -> str:
    return msgspec.json.format(msgspec.json.encode(schema(with_extensions=with_extensions)), indent=1).decode() + "\n"


def _structs(kinds_of: Iterable[type[msgspec.Struct]]) -> Iterable[type[msgspec.Struct]]:
    """These, and every struct that their fields name."""
    for kind in kinds_of:
        for one in (kind, *kind.__mro__[1:]):
            if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
                yield one
        for field in msgspec.structs.fields(kind):
            yield from _structs(_named(field.type))


def _named(hint: Any) -> list[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return [hint]
    return [found for inner in getattr(hint, "__args__", ()) for found in _named(inner)]


def _document(definition: Json, struct: type[msgspec.Struct] | None) -> None:
    """Give each key the text that is below it in the source."""
    if struct is None:
        return
    texts: dict[str, str] = {}
    for one in (*reversed(struct.__mro__), *([_TOLD_AT[struct]] if struct in _TOLD_AT else [])):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct and one is not Fault:
            texts |= field_docs(one)
    for field in msgspec.structs.fields(struct):
        key = definition["properties"].get(field.encode_name)
        if key is not None and field.name in texts:
            key["description"] = texts[field.name]


def _step(fault: Json, name: str, step_keys: Json) -> Json:
    """The keys of every step, then those of the fault itself."""
    own = {key: value for key, value in fault["properties"].items() if key != "fault"}
    keys = {
        "fault": {"const": name, "description": fault.get("description", "")},
        **{key: value for key, value in step_keys.items() if key != "fault"},
        **own,
    }
    required = ["at_s", "fault", *(key for key in fault["required"] if key != "fault")]
    return {
        "title": name,
        "description": fault.get("description", ""),
        "type": "object",
        "properties": keys,
        "required": required,
        "additionalProperties": False,
    }


def _matcher() -> Json:
    """`kind`, perhaps `node`, and fields of any kind."""
    kind = {"enum": list(RECORDS)}
    value: Json = {"type": ["string", "number", "boolean"]}
    either: Json = {"anyOf": [value, {"type": "array", "items": value}]}
    fields = sorted({"node", *(field for record in RECORDS.values() for field in record.fields)})
    return {
        "description": "The first record of this kind whose fields have these values: a list means any of them, a text"
        " that begins with ~ is to be contained.",
        "type": "object",
        "properties": {"kind": {"anyOf": [kind, {"type": "array", "items": kind}]}, **dict.fromkeys(fields, either)},
        "required": ["kind"],
        "additionalProperties": False,
    }


def _refine(definitions: Mapping[str, Json], checkers: Iterable[str]) -> None:
    """What the types of the classes leave open."""
    option = {"$ref": "#/definitions/Option"}
    known = dict.fromkeys((name for name in names() if "<" not in name), option)
    options = {"type": "object", "properties": known, "additionalProperties": option}
    definitions["Cluster"]["properties"]["options"] |= options
    if "options" in (reconfigure := definitions["step-reconfigure"]["properties"]):
        reconfigure["options"] |= options
    matcher = {"$ref": "#/definitions/Matcher"}
    for name in ("Never", "Count", "Instant"):
        definitions[name]["properties"]["record"] = matcher
    definitions["Order"]["properties"]["records"] = {"type": "array", "items": matcher}
    after = definitions["Instant"]["properties"]["after"]
    after["anyOf"] = [{"type": "string"}, matcher]
    definitions["Instant"]["oneOf"] = [{"required": ["published_s"]}, {"required": ["expected_s"]}]
    definitions["Allow"]["properties"]["checker"] = {"enum": list(checkers)}


def _as_draft_7(value: Any) -> Any:
    """Of draft 2020-12, which msgspec writes, a fixed array alone is written otherwise. TOML has no null: a default of
    null says that the key may be left out, which every editor takes from `required`."""
    if isinstance(value, list):
        return [_as_draft_7(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _as_draft_7(item) for key, item in value.items()}
    if "prefixItems" in found:
        found["items"] = found.pop("prefixItems")
        found["additionalItems"] = False
    if found.get("default", 0) is None:
        del found["default"]
    if isinstance(arms := found.get("anyOf"), list):
        arms = [arm for arm in arms if arm != {"type": "null"}]
        found["anyOf"] = arms
        if len(arms) == 1:
            del found["anyOf"]
            found = {**arms[0], **found}
    return found
