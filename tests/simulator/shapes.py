"""The shape of documented samples, and where a body deviates from it: keys and JSON types at every depth.

Samples enter, a `Shape` leaves; `deviations` holds a body against it. Values are not compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What stands at one place of the samples.

    `types`: the JSON types seen there. `keys`: an object's. `always`: those of its keys that no sample lacks.
    `items`: what a list holds; None where no sample shows an item.
    """

    types: frozenset[str]
    keys: dict[str, "Shape"] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    items: "Shape | None" = None


def shape_of(newest: Sequence[Json], others: Sequence[Json] = ()) -> Shape:
    """`newest` samples say which keys there are; `others` (older, or reduced ones) add types only."""
    objects = [each for each in newest if isinstance(each, dict)]
    names = {name for each in objects for name in each}
    items, other_items = _items(newest), _items(others)
    return Shape(
        types=frozenset(json_type(each) for each in (*newest, *others)),
        keys={name: shape_of(_under(newest, name), _under(others, name)) for name in sorted(names)},
        always=frozenset(name for name in names if all(name in each for each in objects)),
        items=shape_of(items, other_items) if items or other_items else None,
    )


def deviations(body: Json, shape: Shape, path: str = "") -> list[str]:
    """Every missing key, unknown key and foreign type, by its path; empty where the body fits."""
    if json_type(body) not in shape.types:
        return [f"{path or 'body'}: {json_type(body)}, where samples show {' or '.join(sorted(shape.types))}"]
    if isinstance(body, dict):
        return _object_deviations(body, shape, path)
    if isinstance(body, list):
        return _list_deviations(body, shape, path)
    return []


def json_type(value: Json) -> str:
    """integer and number are different types: an id or a position is never 1.0."""
    if value is None:
        return "null"
    # Exact types: a bool is an int to Python.
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", dict: "object"}
    return names[type(value)]


def samples(folder: Path, *topics: str, name: str = "*") -> list[Json]:
    """The stored samples of these topics (`products/create`) whose file names match, decoded."""
    paths = [
        path for topic in topics for path in sorted((folder / topic.replace("/", "__")).glob(f"{name}.json"))
    ]
    return [msgspec.json.decode(path.read_bytes()) for path in paths]


def _object_deviations(body: dict[str, Json], shape: Shape, path: str) -> list[str]:
    at = f"{path}." if path else ""
    found = [f"{at}{name}: missing" for name in sorted(shape.always - body.keys())]
    for name, value in body.items():
        if name not in shape.keys:
            found.append(f"{at}{name}: no sample has it")
        else:
            found += deviations(value, shape.keys[name], f"{at}{name}")
    return found


def _list_deviations(body: list[Json], shape: Shape, path: str) -> list[str]:
    if shape.items is None:
        return [f"{path}[]: no sample shows an item"] if body else []
    # One line for each kind of deviation, not one for each of 2,048 variants.
    return list(dict.fromkeys(line for each in body for line in deviations(each, shape.items, f"{path}[]")))


def _items(values: Iterable[Json]) -> list[Json]:
    return [item for value in values if isinstance(value, list) for item in value]


def _under(values: Iterable[Json], name: str) -> list[Json]:
    return [value[name] for value in values if isinstance(value, dict) and name in value]
