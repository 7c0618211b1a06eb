"""What a template of one node may see: dbt's functions, and ours for KPIs and the as-of day.

Plain Python; the functions come in as callables, so this file knows neither the graph nor
the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from kpi_runner.core.config import TargetConfig
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import Relation
from kpi_runner.core.suggest import did_you_mean

_SECRET_ENDINGS = ("_SECRET", "_TOKEN", "_PASSWORD", "_KEY")
_MASK = "*****"
_NO_DEFAULT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the names of a template stand for.

    Args:
        ref: name of a model or seed → SQL text of its relation.
        source: source and table → SQL text of its relation.
        kpis: area → SQL text of its KPIs.
        this: the relation that the node builds, or None for a test.
        target: what ``target`` shows: name, schema, type, threads, …
        variables: values of ``var()``.
        environment: values of ``env_var()``.
        config: the node's configuration, for ``config.get()``.
        as_of_date: SQL text of the last day of the data.
        as_of_end: SQL text of the moment at which that day ends.
        is_incremental: whether the node adds to a table that exists.
        is_executing: False while dependencies are only recorded.
        warn: takes the text of ``exceptions.warn()``.
    """

    ref: Callable[[str], str]
    source: Callable[[str, str], str]
    kpis: Callable[[str], str]
    this: Relation | None = None
    target: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    as_of_date: str = ""
    as_of_end: str = ""
    is_incremental: bool = False
    is_executing: bool = True
    warn: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class Context:
    """The names of a template with their values, and the texts that no message may show."""

    values: Mapping[str, Any]
    secrets: frozenset[str] = frozenset()


class RelationText(str):
    """A relation as SQL text that also answers dbt's ``.schema``, ``.identifier``, ``.name``."""

    schema: str
    identifier: str
    name: str

    def __new__(cls, relation: Relation) -> RelationText:
        text = super().__new__(cls, relation.sql)
        text.schema = relation.schema
        text.name = text.identifier = relation.name
        return text


def build_context(names: Names) -> Context:
    """Returns the names that a template of a node may use.

    ``var()`` of an unknown name raises ProjectInvalid with K304, ``env_var()`` with K305.
    """
    values = {
        "ref": _ref(names.ref),
        "source": names.source,
        "kpis": names.kpis,
        "var": _var(names.variables),
        "env_var": _env_var(names.environment),
        "config": ConfigFunction(names.config),
        "this": RelationText(names.this) if names.this else "",
        "target": dict(names.target),
        "is_incremental": lambda: names.is_incremental,
        "execute": names.is_executing,
        "as_of_date": lambda: names.as_of_date,
        "as_of_end": lambda: names.as_of_end,
        "exceptions": SimpleNamespace(raise_compiler_error=_raise_error, warn=_silent(names.warn)),
        "log": _silent(lambda text: None),
    }
    return Context(values, secret_values(names.environment))


def build_settings_context(variables: Mapping[str, Any], environment: Mapping[str, str]) -> Context:
    """Returns the names that a setting may use, such as a value of profiles.yml."""
    values = {"var": _var(variables), "env_var": _env_var(environment)}
    return Context(values, secret_values(environment))


def target_values(target: TargetConfig) -> Mapping[str, Any]:
    """Returns what ``target`` shows to a template."""
    return {
        "name": target.name,
        "target_name": target.name,
        "type": target.kind,
        "threads": target.threads,
        "schema": target.schema,
        "profile_name": target.profile,
        "path": target.database,
        "database": PurePath(target.database).stem,
    }


def secret_values(environment: Mapping[str, str]) -> frozenset[str]:
    """Returns the values of the variables whose names say that they are secret."""
    return frozenset(
        value for name, value in environment.items() if value and name.endswith(_SECRET_ENDINGS)
    )


def mask(text: str, secrets: Collection[str]) -> str:
    """Hides secret values in a text.

    >>> mask("cannot log in with hunter2", ["hunter2"])
    'cannot log in with *****'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


class ConfigFunction:
    """``config(...)`` leaves no text; ``config.get(...)`` reads the node's configuration.

    ``given`` holds what the template itself has set so far.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.given: dict[str, Any] = {}

    def __call__(self, *settings: Mapping[str, Any], **more: Any) -> str:
        self.given.update(*settings, **more)
        return ""

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a setting, or the default."""
        return self.given.get(name, self._config.get(name, default))

    def require(self, name: str) -> Any:
        """Returns a setting; raises ProjectInvalid with K303 where it is missing."""
        if name not in self.given and name not in self._config:
            raise _invalid("K303", f"the configuration '{name}' is required here")
        return self.get(name)


def _ref(relation_of: Callable[[str], str]) -> Callable[..., str]:
    def ref(name: str, name_in_package: str | None = None) -> str:
        return relation_of(name if name_in_package is None else name_in_package)

    return ref


def _var(variables: Mapping[str, Any]) -> Callable[..., Any]:
    def var(name: str, default: Any = _NO_DEFAULT) -> Any:
        if name in variables:
            return variables[name]
        if default is not _NO_DEFAULT:
            return default
        hint = did_you_mean(name, variables) or (
            "Set it with --vars or under [tool.kpi.vars], or give the call a default."
        )
        raise _invalid("K304", f"variable '{name}' has no value", hint=hint)

    return var


def _env_var(environment: Mapping[str, str]) -> Callable[..., str]:
    def env_var(name: str, default: Any = _NO_DEFAULT) -> str:
        if name in environment:
            return environment[name]
        if default is not _NO_DEFAULT:
            return str(default)
        hint = "Set it before the command, or give the call a default."
        raise _invalid("K305", f"environment variable '{name}' is not set", hint=hint)

    return env_var


def _silent(tell: Callable[[str], None]) -> Callable[..., str]:
    def call(message: Any, *_options: Any, **_settings: Any) -> str:
        tell(str(message))
        return ""

    return call


def _raise_error(message: str) -> None:
    raise _invalid("K303", message)


def _invalid(code: str, message: str, *, hint: str = "") -> ProjectInvalid:
    return ProjectInvalid(Diagnostic(code, message, None, hint))
