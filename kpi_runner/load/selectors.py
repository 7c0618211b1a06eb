"""selectors.yml → Selector: named selections in dbt's YAML, nested as deep as one likes.

Knows the shape of definitions; which methods exist is not looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.selection import (
    Criterion,
    Indirect,
    Intersection,
    Selection,
    Selector,
    Union,
    Without,
    read_selection,
)
from kpi_runner.load.reader import Entry
from kpi_runner.load.yaml_file import Fields, Items, Scalar, Tree

FILE = "selectors.yml"
_SETS: Mapping[str, Callable[[tuple[Selection, ...]], Selection]] = MappingProxyType(
    {"union": Union, "intersection": Intersection}
)
_PART = "the definition of "


def read_selectors(tree: Tree | None, diagnostics: list[Diagnostic]) -> tuple[Selector, ...]:
    """Reads the selectors of a file."""
    if tree is None:
        return ()
    if not isinstance(tree, Fields):
        message = f"'{FILE}' is not a mapping"
        diagnostics.append(Diagnostic("K102", message, tree.span, "Start with 'selectors:'."))
        return ()
    top = Entry(tree, f"'{FILE}'", diagnostics=diagnostics)
    found = [_read_selector(entry) for entry in top.entries("selectors", "selector")]
    top.ignore("version")
    top.close()
    return tuple(selector for selector in found if selector)


def collect_selectors(
    found: tuple[Selector, ...], diagnostics: list[Diagnostic]
) -> Mapping[str, Selector]:
    """Returns selectors by name; reports a name that repeats (K204) and a second default (K110)."""
    selectors: dict[str, Selector] = {}
    for selector in found:
        first = selectors.setdefault(selector.name, selector)
        if first is not selector:
            message = f"selector '{selector.name}' is defined twice"
            notes = (f"first at {first.span}",)
            diagnostics.append(Diagnostic("K204", message, selector.span, "Rename one.", notes))
    defaults = [selector for selector in selectors.values() if selector.is_default]
    for selector in defaults[1:]:
        message = f"selectors '{defaults[0].name}' and '{selector.name}' are both the default"
        hint = "One selector at most says 'default: true'."
        diagnostics.append(Diagnostic("K110", message, selector.span, hint))
    return selectors


def _read_selector(entry: Entry) -> Selector | None:
    name = entry.required_text("name")
    tree = entry.tree("definition")
    if tree is None:
        entry.report("K104", f"{entry.what} has no 'definition'", span=entry.fields.span)
    definition = _read_definition(tree, entry) if tree else None
    selector = Selector(
        name=name,
        definition=definition or Union(()),
        description=entry.text("description"),
        is_default=entry.boolean("default"),
        span=entry.span("name"),
    )
    entry.close()
    return selector if name and definition else None


def _read_definition(tree: Tree, owner: Entry) -> Selection | None:
    """Reads a text as on the command line, ``{tag: daily}``, ``{method, value, …}``, or a set."""
    if isinstance(tree, Scalar):
        return read_selection([tree.text], tree.span)
    what = f"{_PART}{owner.what.removeprefix(_PART)}"
    entry = owner.as_entry(tree, "definition", what=what)
    if entry is None:
        return None
    key = next((key for key in _SETS if entry.has(key)), "")
    if key:
        found = _read_set(key, entry)
    elif entry.has("method"):
        found = _read_method(entry)
    else:
        return _read_pair(entry)
    entry.close()
    return found


def _read_set(key: str, entry: Entry) -> Selection:
    parts: list[Selection] = []
    dropped: list[Selection] = []
    for item in entry.items(key):
        if isinstance(item, Fields) and list(item.values) == ["exclude"]:
            dropped += _read_excluded(Entry(item, entry.what, diagnostics=entry.diagnostics))
        else:
            part = _read_definition(item, entry)
            parts += [part] if part else []
    dropped += _read_excluded(entry)
    return _without(_SETS[key](tuple(parts)), dropped)


def _read_method(entry: Entry) -> Selection:
    """Reads ``{method: tag, value: daily, parents: true, children_depth: 1, …}``."""
    written, value = entry.required_text("method"), entry.required_text("value")
    method, _, argument = written.partition(".")
    is_closed = entry.boolean("childrens_parents")
    up, down = _read_reach(entry, "parents"), _read_reach(entry, "children")
    word = entry.choice("indirect_selection", tuple(Indirect))
    criterion = Criterion(
        text=f"{written}:{value}",
        method=method,
        argument=argument,
        value=value,
        up=up,
        down=down,
        is_closed=is_closed,
        is_whole=method == "kpi" and not (is_closed or entry.has("parents")),
        indirect=Indirect(word) if word else None,
        span=entry.span("value"),
    )
    return _without(criterion, _read_excluded(entry))


def _read_reach(entry: Entry, key: str) -> int | None:
    is_reaching, depth = entry.boolean(key), entry.integer(f"{key}_depth")
    if not is_reaching:
        return 0
    return depth or None


def _read_pair(entry: Entry) -> Selection | None:
    """Reads the short form, ``tag: daily``."""
    pairs = entry.fields.values
    if len(pairs) != 1:
        entry.report(
            "K104",
            f"{entry.what} has no 'method'",
            span=entry.fields.span,
            hint="Write 'method' and 'value', or 'union' or 'intersection' with a list.",
        )
        return None
    (key,) = pairs
    value = entry.text(key)
    return Criterion(
        text=f"{key}:{value}",
        method=key.partition(".")[0],
        argument=key.partition(".")[2],
        value=value,
        is_whole=key == "kpi",
        span=entry.fields.keys[key],
    )


def _read_excluded(entry: Entry) -> list[Selection]:
    found = []
    tree = entry.tree("exclude")
    for item in tree.items if isinstance(tree, Items) else [tree] if tree else []:
        part = _read_definition(item, entry)
        found += [part] if part else []
    return found


def _without(chosen: Selection, dropped: list[Selection]) -> Selection:
    return Without(chosen, Union(tuple(dropped))) if dropped else chosen
