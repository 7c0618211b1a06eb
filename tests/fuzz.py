"""Breaks the files of a small project in random ways, builds it, and judges what is printed.

A case is a number: the same number makes the same mutations. What must hold is that `kpi`
ends by itself within ten seconds, prints no traceback, names each mistake with a code and a
place, and leaves what is published as it was unless the build passes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.kit import ROOT, read_sections, run_kpi, write_project

PROJECT = ROOT / "tests/cases/fuzz/project.txt"
LIMIT = 10.0
"""Seconds that a command may take."""

_COMMAND = ("build", "--as-of", "2026-03-31")
_PUBLISHED = "warehouse.duckdb"
_PLACELESS = re.compile(r"K0|K7(?!10)|K601|K602|K909")
"""Codes about the command line, the machine or the state, which no file is to blame for."""

_ERROR = re.compile(r"^error\[(K\d+)\]: .*(?:\n {2,}--> (\S.*:\d+:\d+)$)?", re.MULTILINE)
_STATUSES = (0, 1, 2, 3, 4)
_GRACE = 5.0

Random = random.Random


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case: empty ``problem`` where everything holds."""

    case: int
    mutations: str
    problem: str
    exit_code: int = 0
    seconds: float = 0.0
    output: str = ""


def make_template(folder: Path) -> Path:
    """Writes and builds the project that cases start from."""
    import duckdb

    write_project(folder, dict(read_sections(PROJECT)))
    raw = folder / "seeds/raw/shopify"
    for query, name, options in (
        ("select 'p' || range as id, range * 1.5 as price from range(50)", "products.parquet", ""),
        ("select range::varchar as id, 'DE' as country from range(1, 4)", "customers.jsonl", ""),
        (
            "select range::varchar as id, date '2026-03-01' as seen_on from range(40)",
            "visits.csv.gz",
            "(header, compression gzip)",
        ),
    ):
        duckdb.execute(f"copy ({query}) to '{raw / name}' {options}")
    outcome = run_kpi(_COMMAND, folder)
    assert outcome.exit_code == 0, outcome.output
    return folder


def run_cases(cases: Sequence[int], template: Path, work: Path) -> Iterator[Verdict]:
    """Runs cases one after the other in a process of its own, which is replaced if it hangs
    or dies."""
    waiting = list(cases)
    while waiting:
        ours, theirs = multiprocessing.Pipe()
        arguments = (tuple(waiting), template, work, theirs)
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=arguments)
        process.start()
        theirs.close()
        try:
            while waiting:
                told, case = "", waiting.pop(0)
                if ours.poll(60):  # starting Python may take long; a case may not
                    told = ours.recv()
                if not ours.poll(LIMIT + _GRACE):
                    yield Verdict(case, told, f"still runs after {LIMIT:g} s", seconds=LIMIT)
                    break
                yield ours.recv()
        except EOFError:
            yield Verdict(case, told, "the process died")
        finally:
            process.kill()
            process.join()


def run_case(case: int, template: Path, folder: Path) -> Verdict:
    """Runs one case in this process."""
    told = prepare_case(case, template, folder)
    return judge_case(case, told, folder)


def prepare_case(case: int, template: Path, folder: Path) -> str:
    """Copies the project and mutates it; returns what was done."""
    _remove(folder)
    shutil.copytree(template, folder)
    chance = random.Random(case)
    return "; ".join(_mutate(chance, folder) for _ in range(chance.choice((1, 1, 1, 2, 3))))


def judge_case(case: int, told: str, folder: Path) -> Verdict:
    """Builds a mutated project and judges what happens."""
    published = folder / _PUBLISHED
    before = published.read_bytes() if published.is_file() else b""
    started = time.monotonic()
    outcome = run_kpi(_COMMAND, folder)
    seconds = time.monotonic() - started
    problem = _problem(outcome.exit_code, outcome.output, seconds)
    after = published.read_bytes() if published.is_file() else b""
    if not problem and outcome.exit_code and before != after:
        problem = "what is published changed although the build failed"
    return Verdict(case, told, problem, outcome.exit_code, seconds, outcome.output)


def _problem(exit_code: int, output: str, seconds: float) -> str:
    if "Traceback" in output or exit_code not in _STATUSES:
        return "a traceback"
    if seconds > LIMIT:
        return f"took {seconds:.1f} s"
    errors = _ERROR.findall(output)
    if exit_code and not errors:
        return "no code"
    lost = [code for code, place in errors if not place and not _PLACELESS.match(code)]
    return f"no place for {', '.join(lost)}" if lost else ""


def _serve(cases: Sequence[int], template: Path, work: Path, parent: Connection) -> None:
    for case in cases:
        told = prepare_case(case, template, work)
        parent.send(told)
        parent.send(judge_case(case, told, work))


def _mutate(chance: Random, folder: Path) -> str:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and ".kpi" not in path.parts and "target" not in path.parts
        and path.name != _PUBLISHED
    )  # fmt: skip
    if not files:
        return "no file is left"
    path = chance.choice(files)
    shown = path.relative_to(folder)
    if chance.random() < 0.12:
        change = chance.choice(_TREE)
        change(chance, path)
    else:
        change = chance.choice(_CONTENT)
        path.write_bytes(change(chance, path.read_bytes()))
    return f"{change.__name__.lstrip('_')} {shown}"


def _flip_bytes(chance: Random, data: bytes) -> bytes:
    flipped = bytearray(data or b"x")
    for _ in range(chance.choice((1, 1, 3, 10))):
        flipped[chance.randrange(len(flipped))] = chance.randrange(256)
    return bytes(flipped)


def _swap_characters(chance: Random, data: bytes) -> bytes:
    signs = b"{}[]()<>%'\"#:-,;|&*!\\/\t\n .0=+~@$`"
    changed = bytearray(data or b"x")
    for _ in range(chance.choice((1, 1, 2, 5))):
        changed[chance.randrange(len(changed))] = chance.choice(signs)
    return bytes(changed)


def _drop_lines(chance: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines) + 1)
    return b"".join(lines[:start] + lines[start + chance.choice((1, 1, 2, 5)) :])


def _repeat_lines(chance: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines) + 1)
    return b"".join(lines[:start] + lines[max(0, start - chance.choice((1, 1, 3))) :])


def _shuffle_lines(chance: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _truncate(chance: Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _empty(chance: Random, data: bytes) -> bytes:
    return chance.choice((b"", b"\n", b" \t\n", b"\0", b"---\n", b"# nothing\n", b"-- nothing\n"))


def _insert_bytes(chance: Random, data: bytes) -> bytes:
    odd = (b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\r", b"\x1b[31m",
           b"\x85", b"\xe2\x80\xa8", b"\xf0\x9f\x92\xa9", b"\x08", b"\x7f", b"\t")  # fmt: skip
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(odd) + data[place:]


def _encode(chance: Random, data: bytes) -> bytes:
    text = data.decode("utf-8", errors="replace")
    name = chance.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "cp037", "shift_jis"))
    return text.encode(name, errors="replace")


def _line_ends(chance: Random, data: bytes) -> bytes:
    return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b\n")))


def _replace_word(chance: Random, data: bytes) -> bytes:
    words = list(re.finditer(rb"[\w.]+", data))
    if not words:
        return data
    word = chance.choice(words)
    return data[: word.start()] + chance.choice(_WORDS)(chance) + data[word.end() :]


def _replace_value(chance: Random, data: bytes) -> bytes:
    values = list(re.finditer(rb"(?<=[:=,] )[^\n,]+|(?<=,)[^\n,]+", data))
    if not values:
        return data
    value = chance.choice(values)
    return data[: value.start()] + chance.choice(_WORDS)(chance) + data[value.end() :]


def _insert_text(chance: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    place = chance.randrange(len(lines) + 1)
    line = lines[min(place, len(lines) - 1)] if lines else b""
    indentation = line[: len(line) - len(line.lstrip(b" "))]
    lines.insert(place, indentation + chance.choice(_TEXTS)(chance) + b"\n")
    return b"".join(lines)


def _wrap(chance: Random, data: bytes) -> bytes:
    depth = chance.choice((50, 500, 20_000))
    opening, closing = chance.choice(
        ((b"[", b"]"), (b"(", b")"), (b"{a: ", b"}"), (b"{% if 1 %}", b"{% endif %}"), (b"- ", b""),
         (b"select * from (", b") as x"), (b"{{ (", b") }}"), (b"not ", b""), (b"/*", b"*/"))
    )  # fmt: skip
    return opening * depth + data + closing * depth


def _grow(chance: Random, data: bytes) -> bytes:
    return data * chance.choice((2, 50)) if len(data) < 20_000 else data + data


def _make_folder(chance: Random, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _remove_file(chance: Random, path: Path) -> None:
    path.unlink()


def _make_loop(chance: Random, path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _dangle(chance: Random, path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing.sql")


def _link_parent(chance: Random, path: Path) -> None:
    (path.parent / "again").symlink_to(path.parent, target_is_directory=True)


def _make_pipe(chance: Random, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _rename(chance: Random, path: Path) -> None:
    stem, dot, ending = path.name.partition(".")
    names = (stem.upper(), f"{stem} 2", f"{stem}.v2", "ünï", "quo'te", 'dou"ble', "new\nline", "",
             "x" * 240, "select", "{{ x }}", "a;b", "%s", "con", "-f")  # fmt: skip
    path.rename(path.with_name(chance.choice(names) + dot + ending))


def _copy_file(chance: Random, path: Path) -> None:
    stem, dot, ending = path.name.partition(".")
    folder = path.parent / "copied"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / f"{stem}{dot}{ending}")


def _change_ending(chance: Random, path: Path) -> None:
    endings = (".sql", ".yml", ".yaml", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet", "")
    path.rename(path.with_name(path.name.partition(".")[0] + chance.choice(endings)))


def _hide_name(chance: Random, path: Path) -> None:
    os.rename(path, os.fsencode(path.parent) + b"/\xff\xfe" + os.fsencode(path.name))  # noqa: PTH104 - bytes


_TREE: tuple[Callable[[Random, Path], None], ...] = (
    _make_folder, _remove_file, _make_loop, _dangle, _link_parent, _make_pipe, _rename, _rename,
    _copy_file, _change_ending, _hide_name,
)  # fmt: skip
_CONTENT: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip_bytes, _flip_bytes, _swap_characters, _swap_characters, _drop_lines, _repeat_lines,
    _shuffle_lines, _truncate, _empty, _insert_bytes, _encode, _line_ends, _replace_word,
    _replace_word, _replace_value, _replace_value, _insert_text, _insert_text, _wrap, _grow,
)  # fmt: skip


def _plain(*texts: str) -> tuple[Callable[[Random], bytes], ...]:
    return tuple(_always(text.encode()) for text in texts)


def _always(content: bytes) -> Callable[[Random], bytes]:
    return lambda _: content


_WORDS = (
    *_plain(
        "", "null", "~", "[]", "{}", "true", "no", "-1", "0", "1e999", ".nan", ".inf", "0x1F", "08",
        "2026-02-30", "2026-03-01", "12:30:45", "!!python/object:os.system x", "!!binary x", "&a x",
        "*a", "<<", "''", '""', "'", '"', "{{ x }}", "{% raw %}", "${x}", "%s", "\\u0000", "\\x00",
        "select", "../../etc/passwd", "/dev/zero", "ä", "💩", "a.b.c", "count(*)", "sum(amount",
        "1/0", "99999999999999999999", "9" * 400, "x" * 100_000, "nan", "infinity", "[[1, 2], [3]]",
        "{a: {b: {c: d}}}", "P1D", "100%", "-0.0", "1_000", "fct_orders", "gross_sales", "orders",
    ),
    lambda chance: str(chance.randrange(10**30)).encode(),
)  # fmt: skip
_TEXTS = (
    *_plain(
        "{{ 10 ** (10 ** 8) }}", "{{ 'x' * 10 ** 10 }}", "{{ range(10 ** 9) | list }}", "{{ ref }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}", "{{ rounded }}", "{{ loop }}",
        "{{ ''.__class__.__mro__ }}", "{{ self._TemplateReference__context }}", "{{ ref(1) }}",
        "{% include 'macros/rounded.sql' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{{",
        "{% block a %}{{ self.a() }}{% endblock %}", "{{ ref('fct_orders') }}", "{{ ref() }}",
        "{{ source('shopify') }}", "{{ config(materialized=1) }}", "{{ config(tags={}) }}", "{%",
        "{{ config(materialized='incremental', unique_key='nothing') }}", "{{ var() }}", "{#",
        "{{ kpis('nothing') }}", "{{ ref('fct_orders', 'x', 'y') }}", "{{ 1 / 0 }}", "}}", "%}",
        "{{ 'x' | indent(10 ** 9) }}", "{{ '%999999999999d' % 1 }}", "{{ exceptions.no() }}",
        "{% set x = x %}{{ x }}", "{{ caller() }}", "{% call rounded() %}{% endcall %}", "{{ [] }}",
        "{{ var('x') }}", "{{ env_var('KPI_NOTHING') }}", "{% filter nothing %}{% endfilter %}",
        "; select 1", "; drop table core.fct_orders", "'", '"', "$$", "/*", "--", "(", ")", "),",
        "- name:", "- name: [a]", "  - {", "a: *b", "a: &a [*a]", "<<: *a", "? [a]: b", "a: b: c",
        "%YAML 9.9", "--- !!map", "...", "columns: {a: b}", "data_tests: [[], 1, {x: y}]",
        "config: []", "meta: 2026-02-30", "description: [1]", "models: {}", "kpis: 5", "[x]",
        "a,b,c,d,e,f,g,h,i", '"', '"a""b', ",,,,", "[tool.kpi.vars]", "x = 1979-05-27", "= 1",
        "assertions: [{between: [5, x]}]", "where: 1 = ", "over: {trailing: -5d}", "grain: []",
        "formula: aov / aov", "explains: [nothing]", "from: kpi_sales", "model: fct_orders",
        "versions: 1", "requires: [a.b.c]", "time: amount", "grains: [hour, decade]", "variants: 1",
    ),
    lambda chance: b"x" * chance.choice((1000, 200_000)),
    lambda chance: b"a: " * chance.choice((5, 3000)) + b"b",
    lambda chance: b"a: &a [x, x]\nb: &b [*a, *a]\n"
    + b"".join(b"c%d: &c%d [*b, *b]\n" % (n, n) for n in range(30)),
    lambda chance: b"select " + b"(" * chance.choice((200, 20_000)) + b"1",
    lambda chance: b"{{ " + b"(" * chance.choice((90, 5000)) + b"1" + b")" * 90 + b" }}",
)  # fmt: skip


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(os.fsencode(folder))
