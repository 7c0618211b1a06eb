"""The rules of ``test_architecture.py``: layers, homes, sizes, names, read from source text.

A rule is a function from one file to what breaks it, and stands in ``RULES``. The limits are
law: code that does not fit is split by idea. An exception stands in a table, with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "kpi_runner"

LAYERS = {
    "core": 0,
    **dict.fromkeys(["template", "sql", "adapters"], 1),
    **dict.fromkeys(["load", "graph"], 2),
    **dict.fromkeys(["compile", "plan", "analyze"], 3),
    **dict.fromkeys(["run", "report", "site"], 4),
    "ops": 5,
    "cli": 6,
    "__main__": 7,
}

# Where a library, or a thing done to the world, is at home. A path ending in / is a folder.
LIBRARY_HOMES = {
    "click": ("cli/",),
    "yaml": ("load/yaml_file.py",),
    "tomllib": ("load/",),
    "jinja2": ("template/",),
    "markupsafe": ("template/",),
    "sqlglot": ("sql/",),
    "duckdb": ("adapters/",),
    "pyspark": ("adapters/",),
    "rich": ("report/", "cli/output.py"),
    "subprocess": ("load/git.py",),
    "multiprocessing": (),
    "logging": (),
}
EFFECT_HOMES = {
    "writes a file": (
        "adapters/duckdb.py",  # the folder of a database that does not exist yet
        "adapters/numbering.py",  # a numbered copy of a raw file that was refused
        "load/cache.py",
        "run/artifacts.py",
        "run/files.py",
        "run/lock.py",
        "run/publish.py",
        "site/write.py",
    ),
    "starts a process": ("load/git.py",),
    "prints": ("cli/output.py",),
    "uses standard streams": ("cli/",),
    "ends the process": ("cli/",),
    "reads the command line": ("cli/",),
    "reads the environment": ("cli/", "load/config.py"),
    "reads the wall clock": ("run/",),
}
OS_WRITERS = ("remove", "unlink", "rename", "replace", "mkdir", "makedirs", "rmdir", "symlink")
SHUTIL_WRITERS = ("rmtree", "copy", "copy2", "copyfile", "copytree", "move")
PATH_WRITERS = ("write_text", "write_bytes", "mkdir", "unlink", "rmdir", "rename", "touch")
EFFECTS = {
    "print": "prints",
    "input": "uses standard streams",
    "exit": "ends the process",
    "quit": "ends the process",
    "sys.exit": "ends the process",
    "os._exit": "ends the process",
    "os.system": "starts a process",
    "os.popen": "starts a process",
    "sys.argv": "reads the command line",
    "os.environ": "reads the environment",
    "os.getenv": "reads the environment",
    "time.time": "reads the wall clock",
    "time.time_ns": "reads the wall clock",
    "datetime.now": "reads the wall clock",
    "datetime.today": "reads the wall clock",
    "date.today": "reads the wall clock",
    **{f"sys.{name}": "uses standard streams" for name in ("stdin", "stdout", "stderr")},
    **{f"os.{name}": "writes a file" for name in OS_WRITERS},
    **{f"shutil.{name}": "writes a file" for name in SHUTIL_WRITERS},
}

# Imports inside functions are for the doors, where being late is the purpose.
DOORS = {
    "__init__.py": "the public API must not load the runner before it is used",
    "ops/": "a command loads only what it uses",
    "load/config.py": "only the settings of a dbt project may hold Jinja",
    "load/project.py": "a project without templates to parse needs no jinja2",
    "load/yaml_file.py": "a project that is as it was is not parsed",
    "compile/project.py": "a project without KPIs needs no sqlglot",
    "compile/unit_test.py": "the same",
    "adapters/__init__.py": "an engine is loaded when it is opened",
    "cli/main.py": "--help lists the commands without importing them",
    "cli/output.py": "rich is loaded when something is drawn on a terminal",
    "report/table.py": "the same",
    "template/": "most templates are scanned and rendered without jinja2",
    "core/suggest.py": "only mistakes pay for difflib",
}

# Functions that others call, with parameters by position that are not ours to choose.
FOREIGN_SIGNATURES = {"__exit__": "Python", "convert": "click.ParamType", "parse_args": "click"}

FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "base",
    "manager",
    "handler",
}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_PARAMETERS = 6
MAX_POSITIONAL = 2
MAX_NESTING = 3
MAX_ADAPTER_METHODS = 15

BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Finding = tuple[int, str]


@dataclass(frozen=True)
class File:
    """One module: ``path`` is relative to the package, as in ``load/config.py``."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        return [found for node in ast.walk(self.tree) for found in imported(node)]

    @property
    def module(self) -> str:
        return (
            f"{PACKAGE}/{self.path}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        )

    def is_in(self, homes: tuple[str, ...]) -> bool:
        return any(self.path == home or self.path.startswith(home) for home in homes if home)


def imported(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields line and dotted name of what a statement imports; relative names start with a dot."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def parameters(function: Function) -> tuple[list[ast.arg], list[ast.arg]]:
    """Returns positional and keyword-only parameters, without ``self`` and ``cls``."""
    spec = function.args
    positional = [*spec.posonlyargs, *spec.args]
    if positional and positional[0].arg in ("self", "cls"):
        positional = positional[1:]
    return positional, spec.kwonlyargs


def dotted(node: ast.AST) -> str:
    """Returns ``a.b.c`` of names joined by dots, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def imports_only_lower_layers(file: File) -> Iterator[Finding]:
    own = Path(file.path).parts[0].removesuffix(".py")
    for line, name in file.imports:
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package != PACKAGE or other == own or own == "__init__" or other == "__version__":
            continue
        if LAYERS.get(other, 99) >= LAYERS.get(own, -1):
            yield line, f"'{own}' must not import '{other}'"


def imports_are_absolute(file: File) -> Iterator[Finding]:
    yield from (
        (line, f"relative import '{name}'") for line, name in file.imports if name[0] == "."
    )


def libraries_stay_at_home(file: File) -> Iterator[Finding]:
    for line, name in file.imports:
        library = name.partition(".")[0]
        if library in LIBRARY_HOMES and not file.is_in(LIBRARY_HOMES[library]):
            yield line, f"'{library}' is imported outside its home"
        if library and library not in {*sys.stdlib_module_names, *LIBRARY_HOMES, PACKAGE}:
            yield line, f"'{library}' has no home"


def effects_stay_at_home(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        effect = effect_of(node)
        if effect and not file.is_in(EFFECT_HOMES[effect]):
            yield node.lineno, f"{effect} outside its home"


def effect_of(node: ast.AST) -> str:
    """Names what an expression does to the world, or returns an empty text."""
    if isinstance(node, ast.Attribute | ast.Name):
        name = dotted(node)
        tail = ".".join(name.split(".")[-2:])
        return EFFECTS.get(name) or EFFECTS.get(tail, "")
    if not isinstance(node, ast.Call):
        return ""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
    if isinstance(node.func, ast.Attribute) and called in PATH_WRITERS:
        return "writes a file"
    modes = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "mode")]
    texts = [arg.value for arg in modes if isinstance(arg, ast.Constant)]
    opens = called == "open" and any(re.fullmatch(r"(?=.*[wax+])[rwaxbt+]+", str(t)) for t in texts)
    return "writes a file" if opens else ""


def imports_in_functions_are_at_doors(file: File) -> Iterator[Finding]:
    for function in () if file.is_in(tuple(DOORS)) else file.functions:
        for node in ast.walk(function):
            yield from ((line, f"'{name}' is imported late") for line, name in imported(node))


def starts_with_docstring_and_future(file: File) -> Iterator[Finding]:
    if not ast.get_docstring(file.tree):
        yield 1, "the module has no docstring"
    if not any(name == "__future__.annotations" for _, name in file.imports):
        yield 1, "'from __future__ import annotations' is missing"


def module_is_named_for_its_idea(file: File) -> Iterator[Finding]:
    words = {part.removesuffix(".py").strip("_") for part in Path(file.path).parts}
    yield from ((1, f"'{word}' says nothing") for word in sorted(words & FORBIDDEN_NAMES))


def file_is_short(file: File) -> Iterator[Finding]:
    count = len(file.text.splitlines())
    if count > MAX_FILE_LINES:
        yield MAX_FILE_LINES + 1, f"the file has {count} lines"


def functions_are_short(file: File) -> Iterator[Finding]:
    for function in file.functions:
        count = (function.end_lineno or 0) - function.lineno + 1
        if count > MAX_FUNCTION_LINES:
            yield function.lineno, f"'{function.name}' has {count} lines"


def functions_take_few_parameters(file: File) -> Iterator[Finding]:
    for function in file.functions:
        positional, keywords = parameters(function)
        count = len(positional) + len(keywords)
        if count > MAX_PARAMETERS:
            yield function.lineno, f"'{function.name}' takes {count} parameters"
        if len(positional) > MAX_POSITIONAL and function.name not in FOREIGN_SIGNATURES:
            yield function.lineno, f"'{function.name}' takes {len(positional)} by position"


def functions_are_flat(file: File) -> Iterator[Finding]:
    for function in file.functions:
        depth = max((nesting(statement) for statement in function.body), default=0)
        if depth > MAX_NESTING:
            yield function.lineno, f"'{function.name}' nests {depth} deep"


def nesting(node: ast.AST) -> int:
    """Returns how many blocks stand inside each other; ``elif`` stands beside its ``if``."""
    if isinstance(node, Function | ast.ClassDef | ast.Lambda):
        return 0
    inner = [nesting(child) for child in ast.iter_child_nodes(node)]
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        beside = nesting(node.orelse[0])
        return max(1 + max(map(nesting, node.body)), beside)
    return isinstance(node, BLOCKS) + max(inner, default=0)


def functions_are_annotated(file: File) -> Iterator[Finding]:
    for function in file.functions:
        positional, keywords = parameters(function)
        spec = function.args
        rest = [arg for arg in (spec.vararg, spec.kwarg) if arg]
        for arg in [*positional, *keywords, *rest]:
            if arg.annotation is None:
                yield arg.lineno, f"'{arg.arg}' of '{function.name}' has no type"
        if function.returns is None:
            yield function.lineno, f"'{function.name}' has no return type"


def public_names_are_documented(file: File) -> Iterator[Finding]:
    for owner in ast.walk(file.tree):
        if not isinstance(owner, ast.Module | ast.ClassDef) or is_private(owner):
            continue
        for node in owner.body:
            is_public = isinstance(node, Function | ast.ClassDef) and not is_private(node)
            if is_public and not ast.get_docstring(node):
                yield node.lineno, f"'{node.name}' has no docstring"


def is_private(node: ast.AST) -> bool:
    return str(getattr(node, "name", "")).startswith("_")


def dataclasses_are_frozen(file: File) -> Iterator[Finding]:
    for node in ast.walk(file.tree):
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            call = decorator if isinstance(decorator, ast.Call) else None
            if dotted(call.func if call else decorator) not in (
                "dataclass",
                "dataclasses.dataclass",
            ):
                continue
            words = {word.arg: ast.unparse(word.value) for word in call.keywords} if call else {}
            if (words.get("frozen"), words.get("slots")) != ("True", "True"):
                yield node.lineno, f"'{node.name}' is not frozen with slots"


def work_is_finished(file: File) -> Iterator[Finding]:
    for number, line in enumerate(file.text.splitlines(), start=1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield number, "unfinished work"


RULES: dict[str, Callable[[File], Iterator[Finding]]] = {
    rule.__name__: rule
    for rule in (
        imports_only_lower_layers,
        imports_are_absolute,
        libraries_stay_at_home,
        effects_stay_at_home,
        imports_in_functions_are_at_doors,
        starts_with_docstring_and_future,
        module_is_named_for_its_idea,
        file_is_short,
        functions_are_short,
        functions_take_few_parameters,
        functions_are_flat,
        functions_are_annotated,
        public_names_are_documented,
        dataclasses_are_frozen,
        work_is_finished,
    )
}
