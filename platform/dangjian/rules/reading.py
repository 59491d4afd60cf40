"""Reads a pack: YAML of plain texts and numbers, checked against the schema beside this file.

Dates stay texts and decimals are refused, so that nothing is rounded or reinterpreted on the way in.
"""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from dangjian.rules.values import COUNTED

try:  # by libyaml, seven times as fast: every command and server reads the packs as it starts
    from yaml import CSafeLoader as _SafeLoader
except ImportError:
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

SCHEMAS = Path(__file__).parent / "schemas"


class PackRefused(Exception):
    """A pack cannot be used. problems: one sentence each, naming the file and the rule."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Loader(_SafeLoader):
    """The safe loader, without guesses at dates, and without the silence about a key that is written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, yaml.Mark | None] = {}
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is no text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", key_node.start_mark
                )
            seen[key] = key_node.start_mark
        return super().construct_mapping(node, deep)


# Without the resolver of timestamps `2018-10-28` stays a text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path, schema: str) -> dict[str, Any]:
    """The content of a pack, of the form `schema` ("national" or "district") says.

    Raises:
        PackRefused: unreadable, no YAML, a key twice, not of that form; every fault of the form at once.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PackRefused([f"{path.name}: {' '.join(str(error).split())}"]) from error
    faults = sorted(_validator(schema).iter_errors(content), key=lambda fault: list(map(str, fault.path)))
    if faults:
        raise PackRefused([f"{path.name}: {_place(content, fault)}: {fault.message}" for fault in faults])
    return cast(dict[str, Any], content)


@cache
def _validator(schema: str) -> Draft202012Validator:
    described = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(described, format_checker=Draft202012Validator.FORMAT_CHECKER)


def misfits(value: Any, unit: str) -> list[str]:
    """What keeps `value` from being one of `unit`; for districts' values, whose unit the national rule says."""
    national = _validator("national").schema
    form = "counted" if unit in COUNTED else unit
    validator = Draft202012Validator({"$ref": f"#/$defs/{form}", "$defs": national["$defs"]})
    return [fault.message for fault in validator.iter_errors(value)]


def _place(content: Any, fault: ValidationError) -> str:
    """Where in the pack: by the rule's id rather than by its number in the list, if it has one."""
    steps = list(fault.absolute_path)
    if len(steps) >= 2 and steps[0] == "rules":
        entry = content["rules"][steps[1]]
        named = entry.get("id") if isinstance(entry, dict) else None
        return ".".join([str(named or f"rules[{steps[1]}]"), *map(str, steps[2:])])
    return ".".join(map(str, steps)) or "the file"


def day(text: str) -> date:
    """A date that the schema has already checked."""
    return date.fromisoformat(text)
