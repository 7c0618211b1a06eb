"""The selector methods: by which texts of its own a node is found.

Knows attributes of nodes; neither the graph nor the grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from kpi_runner.core.kpi import Kpi
from kpi_runner.core.node import DataTest, Node, Source
from kpi_runner.core.settings import settings_of

TESTS = frozenset({"test", "unit_test"})
"""Kinds of nodes that come along with what they read."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a selector method finds nodes.

    Args:
        labels: the texts that a node answers to, given the method's argument.
        matches: whether a label answers to the value of a criterion.
    """

    labels: Callable[[Node | Kpi, str], Iterable[str]]
    matches: Callable[[str, str], bool] = fnmatchcase


def package_of(node: Node | Kpi) -> str:
    """Returns the name of the project that a node belongs to."""
    return node.id.split(".")[1]


def type_of(node: Node | Kpi) -> str:
    """Returns what a node is, as --resource-type names it: model, seed, source, test or kpi."""
    return node.id.partition(".")[0]


def _fqn_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    """Sources and KPIs have methods of their own, so their names may repeat a model's."""
    if isinstance(node, Source | Kpi):
        return ()
    fqn: tuple[str, ...] = getattr(node, "fqn", ()) or (package_of(node), node.name)
    return (node.name, ".".join(fqn[1:]), ".".join(fqn))


def _source_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    if not isinstance(node, Source):
        return ()
    table = f"{node.source}.{node.name}"
    return (node.source, table, f"{package_of(node)}.{table}")


def _kpi_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    return (node.name, *(variant.id for variant in node.variants)) if isinstance(node, Kpi) else ()


def _config_labels(node: Node | Kpi, argument: str) -> Iterable[str]:
    value: Any = settings_of(node)
    for key in argument.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, list | tuple | Mapping):
        return tuple(str(item) for item in value)
    return () if value is None else (str(value),)


def _setting_labels(key: str) -> Callable[[Node | Kpi, str], Iterable[str]]:
    return lambda node, _: _config_labels(node, key)


def _file_labels(node: Node | Kpi, _: str) -> Iterable[str]:
    path = PurePosixPath(node.path)
    return (path.name, path.stem)


def _path_matches(path: str, value: str) -> bool:
    return _parts_match(PurePosixPath(path).parts, PurePosixPath(value).parts)


def _parts_match(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    """A folder stands for all files below it, so patterns may end before the path does."""
    if not patterns:
        return True
    head, rest = patterns[0], patterns[1:]
    if head == "**":
        return any(_parts_match(parts[start:], rest) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], head) and _parts_match(parts[1:], rest)


def _fqn_matches(label: str, value: str) -> bool:
    return fnmatchcase(label, value) or label.startswith(f"{value}.")


def _test_types(node: Node | Kpi, _: str) -> Iterable[str]:
    if type_of(node) == "unit_test":
        return ("unit",)
    if not isinstance(node, DataTest):
        return ()
    return ("data", "singular" if node.kind == "singular" else "generic")


def _name_of(*kinds: str) -> Callable[[Node | Kpi, str], Iterable[str]]:
    return lambda node, _: (node.name,) if type_of(node) in kinds else ()


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "access": Method(_setting_labels("access")),
        "config": Method(_config_labels),
        "exposure": Method(_name_of("exposure")),
        "file": Method(_file_labels),
        "fqn": Method(_fqn_labels, _fqn_matches),
        "group": Method(_setting_labels("group")),
        "kpi": Method(_kpi_labels),
        "package": Method(lambda node, _: (package_of(node), "this")),
        "path": Method(lambda node, _: (node.path,), _path_matches),
        "resource_type": Method(lambda node, _: (type_of(node),)),
        "source": Method(_source_labels),
        "tag": Method(_setting_labels("tags")),
        "test_name": Method(lambda node, _: (node.kind,) if isinstance(node, DataTest) else ()),
        "test_type": Method(_test_types),
        "unit_test": Method(_name_of("unit_test")),
    }
)
