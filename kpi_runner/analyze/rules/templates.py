"""Habits of templates: macros that are easy to find and to test, configuration where it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kpi_runner.analyze.subject import Finding, Subject
from kpi_runner.core.node import Macro
from kpi_runner.core.span import Span

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_CALL = re.compile(r"\b(ref|source|config|kpis|run_query)\s*\(")
_TEXT_ABOVE = re.compile(r"[^\s{}#%-]")


def macros(subject: Subject) -> Iterator[Finding]:
    """A macro has a file of its own, named as it is, that begins with a comment and an Example; it
    takes columns and gives SQL, and calls neither ref nor source nor config."""
    for macro in subject.project.macros.values():
        if macro.path not in subject.texts:
            continue
        span = Span(macro.path, macro.line)
        name = macro.name.removeprefix("test_")
        if macro.path.rpartition("/")[2] != f"{name}.sql":
            message = f"the macro '{name}' does not stand in a file of its name"
            yield Finding(span, message, f"Move it to '{name}.sql'.")
        if "Example" not in macro.description:
            message = f"no comment with an example stands above the macro '{name}'"
            yield Finding(span, message, "Write {# what it gives … Example: … #} above it.")
        yield from _calls(macro, subject)


def _calls(macro: Macro, subject: Subject) -> Iterator[Finding]:
    text = subject.texts[macro.path]
    visible = _COMMENT.sub(lambda comment: " " * len(comment[0]), text)
    start = sum(len(line) + 1 for line in text.split("\n")[: macro.line - 1])
    end = visible.find("endmacro", start)
    for call in _CALL.finditer(visible, start, end if end >= 0 else len(text)):
        span = subject.span(macro.path, call.start(1), end=call.end(1))
        message = f"the macro '{macro.name}' calls '{call[1]}'"
        yield Finding(span, message, "Give it what it reads as a parameter.")


def configuration(subject: Subject) -> Iterator[Finding]:
    """`config()` is the first line of a model, and says only what differs from the defaults of its
    folder."""
    for model in subject.models:
        span = model.scan.config_span
        if span is None:
            continue
        above = "\n".join(subject.texts[model.path].split("\n")[: span.line - 1])
        if _TEXT_ABOVE.search(_COMMENT.sub("", above)):
            message = f"config() is not the first line of '{model.name}'"
            yield Finding(span, message, "Move it to the top of the file.")
        for key, value in model.scan.config.items():
            if _default(subject, model.path, key=key) == value:
                message = f"'{key}' is '{value}' in the whole folder of '{model.name}'"
                yield Finding(span, message, "Leave it out.")


def _default(subject: Subject, path: str, *, key: str) -> object:
    """Returns what the folders above a model say of a setting; the deepest counts."""
    config = subject.project.config
    roots = [root for root in config.model_paths if path.startswith(f"{root}/")]
    folders = tuple(path[len(roots[0]) + 1 :].split("/")) if roots else ()
    said = [
        one
        for one in config.model_defaults
        if key in one.config and folders[: len(one.path)] == one.path
    ]
    deepest = max(said, key=lambda one: len(one.path), default=None)
    return deepest.config[key] if deepest else None
