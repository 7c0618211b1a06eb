"""Turns what DuckDB and the operating system say into the errors of the product.

Pure functions over texts and error numbers: nothing here imports duckdb.
"""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

from kpi_runner.adapters.owner import describe_owner, has_note
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import MachineFailed, ProjectInvalid, SqlFailed

_MACHINE = (
    (re.compile(r"Could not set lock on file"), "K701"),
    (re.compile(r"No space left on device|Disk quota exceeded|File too large"), "K702"),
    (re.compile(r"Permission denied|Read-only file system|Operation not permitted"), "K703"),
    (re.compile(r"not a valid DuckDB database file"), "K705"),
    (re.compile(r"with version number|storage version|created with a(n)? (newer|older)"), "K706"),
)
_ERRNO = {
    errno.ENOSPC: "K702",
    errno.EDQUOT: "K702",
    errno.EFBIG: "K702",
    errno.EACCES: "K703",
    errno.EPERM: "K703",
    errno.EROFS: "K703",
}
_HINTS = {
    "K702": "Free some space, or point temp_directory of the target to another disk.",
    "K703": "Make the folder writable, or name another place with --database.",
    "K704": "Raise memory_limit of the target, or lower its threads.",
    "K705": "Remove the file if it is not needed: a build makes it again.",
    "K706": "Run `kpi clean`, then build again: the work database holds nothing else.",
}
_MESSAGES = {
    "K702": "no space is left to write '{path}'",
    "K703": "'{path}' cannot be written",
    "K704": "the database ran out of memory",
    "K705": "'{path}' cannot be used as a database",
    "K706": "'{path}' was made by another version",
}
_SETTINGS_REFUSED = ("InvalidInputException", "ParserException", "CatalogException")
_PREFIX = re.compile(r"\A[\w ]+ Error: ")
_HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")
_SUGGESTIONS = re.compile(r"\n\s*(Candidate|Did you mean)[\s\S]*\Z")
_LOCATION = re.compile(r"\[\d+,(?P<length>\d+)\]")
_NAMED_FILE = re.compile(r"file \"(?P<path>[^\"]+)\"")


def translate_failure(name: str, text: str, *, database: Path) -> MachineFailed | SqlFailed:
    """Returns the error for an exception of DuckDB that a statement raised.

    Args:
        name: the class of the exception, such as ``BinderException``.
        text: its message; with ``errors_as_json``, a JSON object behind a prefix.
        database: the file that the session works on.
    """
    fields = _read_fields(text)
    message = str(fields.get("exception_message", "")) or text
    if name == "OutOfMemoryException":
        return _machine_failure("K704", message, path=database)
    if name in ("FatalException", "InternalException"):
        return _machine_failure(_machine_code(message) or "K705", message, path=database)
    is_of_machine = name in ("IOException", "TransactionException") and "position" not in fields
    code = _machine_code(message) if is_of_machine else None
    if code:
        return _machine_failure(code, message, path=database)
    position = fields.get("position")
    location = _LOCATION.match(fields.get("location", ""))
    return SqlFailed(
        _SUGGESTIONS.sub("", message),
        kind=str(fields.get("exception_type", name.removesuffix("Exception"))).lower(),
        position=int(position) if position is not None else None,
        length=int(location["length"]) if location else 0,
        candidates=_read_candidates(fields.get("candidates", "")),
    )


def opening_failure(
    name: str, text: str, *, database: Path, is_reading: bool = False
) -> MachineFailed | ProjectInvalid:
    """Returns the error for a database file, or settings, with which DuckDB does not open.

    ``is_reading``: it was to be read only.
    """
    message = _PREFIX.sub("", text)
    if name in _SETTINGS_REFUSED:
        hint = "Correct threads, memory_limit or settings of the target."
        found = f"the target has settings that DuckDB refuses: {message}"
        return ProjectInvalid(Diagnostic("K108", found, hint=hint))
    code = _machine_code(message) or "K705"
    match = _HOLDER.search(message)
    if is_reading and match and not has_note(database, int(match["pid"])):
        return MachineFailed(_held_for_writing(match, database))
    return _machine_failure(code, message, path=database)


def disk_failure(error: OSError, path: Path) -> MachineFailed:
    """Returns the error for a file operation that the operating system refused."""
    return _machine_failure(_ERRNO.get(error.errno or 0, "K705"), str(error), path=path)


def _read_fields(text: str) -> dict[str, str]:
    try:
        fields = json.loads(_PREFIX.sub("", text))
    except ValueError:
        return {"exception_message": _PREFIX.sub("", text)}
    return fields if isinstance(fields, dict) else {}


def _read_candidates(text: str) -> tuple[str, ...]:
    if "(" in text:  # signatures of a function, not names
        return ()
    return tuple(name.strip().strip('"') for name in text.split(",") if name.strip())


def _machine_code(message: str) -> str | None:
    return next((code for pattern, code in _MACHINE if pattern.search(message)), None)


def _machine_failure(code: str, message: str, *, path: Path) -> MachineFailed:
    if code == "K701":
        return MachineFailed(_locked(message, path))
    named = _NAMED_FILE.search(message)
    shown = _MESSAGES[code].format(path=Path(named["path"]).name if named else path.name)
    first = message.strip().splitlines()[0] if message.strip() else ""
    return MachineFailed(
        Diagnostic(code, shown, hint=_HINTS[code], notes=(first,) if first else ())
    )


def _held_for_writing(match: re.Match[str], path: Path) -> Diagnostic:
    """A file such as the published one, which nobody else than a build has to write."""
    return Diagnostic(
        "K701",
        f"process {match['pid']} has opened '{path.name}' for writing, so nobody else can read it",
        hint="Let it open the file read-only (`duckdb -readonly`, `read_only=True`): then all "
        "can read it at once.",
        notes=describe_owner(path, int(match["pid"])),
    )


def _locked(message: str, path: Path) -> Diagnostic:
    match = _HOLDER.search(message)
    if not match:
        return Diagnostic(
            "K701",
            f"another process holds '{path.name}'",
            hint="Wait until it has finished, or stop it.",
        )
    pid = int(match["pid"])
    return Diagnostic(
        "K701",
        f"process {pid} holds '{path.name}'",
        hint=f"Wait until it has finished, or stop it with `kill {pid}`. "
        "The published file can be read at any time.",
        notes=describe_owner(path, pid) or (f"it runs {match['program']}",),
    )
