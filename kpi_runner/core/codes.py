"""Every error code in one table: title, exit status and the page of ``kpi explain``.

Families: K0xx the command line · K1xx files, YAML, configuration · K2xx graph and names ·
K3xx templates · K4xx SQL · K5xx KPIs · K6xx plan and state · K7xx database and machine ·
K8xx lint · K9xx raw data and checks. Each code has a case under ``tests/cases/errors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

USAGE = 2
INVALID = 3
FAILED = 1
MACHINE = 4


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of mistake: what it is called, how a command ends with it, and its page."""

    title: str
    exit_status: int
    page: str


CODES: Mapping[str, Code] = MappingProxyType(
    {
        # K0xx: the command line
        "K001": Code(
            "no project here",
            USAGE,
            "No pyproject.toml with a [tool.kpi] table was found in the folder or above it. Run the command inside a project, name one with --project-dir, or make one with `kpi init`.",
        ),
        "K002": Code(
            "wrong usage",
            USAGE,
            "A flag or an argument has a value that the command cannot use. `kpi COMMAND --help` lists what it takes.",
        ),
        "K003": Code(
            "nothing selected",
            USAGE,
            "The selection matches no node. A misspelt selector would otherwise pass as success. Use --allow-empty where an empty selection is fine.",
        ),
        "K004": Code(
            "unknown selector method",
            USAGE,
            "The part of a selector before the colon is not a method. Known: tag, path, file, fqn, source, kpi, config.*, resource_type, test_type, test_name.",
        ),
        "K005": Code(
            "bad value of --vars",
            USAGE,
            "--vars takes a YAML mapping, such as '{data_dir: ../data}'.",
        ),
        "K006": Code(
            "unknown target",
            USAGE,
            "The target named by --target is not declared under [tool.kpi.targets].",
        ),
        "K007": Code(
            "folder is not empty",
            USAGE,
            "`kpi init` writes a new project and never overwrites files.",
        ),
        "K008": Code(
            "KPI cannot be queried this way",
            USAGE,
            "The grain, dimension, variant or range asked for is not declared for this KPI. Its entry in kpis.yml lists `grains` and `dimensions`.",
        ),
        "K009": Code(
            "unknown error code",
            USAGE,
            "`kpi explain` takes the code that an error prints, such as K201.",
        ),
        # K1xx: files, YAML, configuration
        "K101": Code(
            "YAML syntax",
            INVALID,
            "The file is not valid YAML. The place is where the parser stopped; the mistake is there or on the line before.",
        ),
        "K102": Code("wrong type", INVALID, "A key holds a value of another type than it takes."),
        "K103": Code(
            "unknown key",
            INVALID,
            "The key is not part of the schema here. A misspelt key would otherwise be ignored in silence.",
        ),
        "K104": Code("missing key", INVALID, "A key that the entry needs is missing."),
        "K105": Code(
            "unknown value", INVALID, "The key takes one of a few words, and this is none of them."
        ),
        "K106": Code(
            "duplicate key",
            INVALID,
            "A mapping holds the same key twice; YAML would keep the last in silence.",
        ),
        "K107": Code(
            "file cannot be read", INVALID, "The file is not UTF-8 text, or it cannot be opened."
        ),
        "K108": Code(
            "project configuration", INVALID, "[tool.kpi] in pyproject.toml is not valid."
        ),
        "K109": Code(
            "YAML without its model",
            INVALID,
            "The YAML describes a model, seed or source that does not exist. Rename one of the two.",
        ),
        "K110": Code(
            "contradictory configuration", INVALID, "Two settings of one node exclude each other."
        ),
        "K111": Code(
            "seed without a header",
            INVALID,
            "The first line of a seed names its columns, each once.",
        ),
        # K2xx: graph and names
        "K201": Code(
            "unknown ref",
            INVALID,
            "ref() names a model or seed that does not exist or is disabled.",
        ),
        "K202": Code(
            "unknown source", INVALID, "source() names a table that no sources: YAML declares."
        ),
        "K203": Code(
            "cycle",
            INVALID,
            "Models depend on each other in a circle, so none can be built first. The notes show the path.",
        ),
        "K204": Code(
            "duplicate name", INVALID, "Two nodes have the same name, or build the same relation."
        ),
        "K205": Code(
            "unknown model in a test",
            INVALID,
            "A data test names a model or column that does not exist.",
        ),
        "K206": Code(
            "unknown generic test",
            INVALID,
            "The test is neither built in (not_null, unique, accepted_values, relationships, expression) nor a macro named test_<name>.",
        ),
        "K207": Code(
            "layer rule",
            INVALID,
            "kpis.yml reads a model of a layer that it must not read: `from:` names fct_ or dim_ models, `model:` names kpi_ models.",
        ),
        # K3xx: templates
        "K301": Code("Jinja syntax", INVALID, "The template is not valid Jinja."),
        "K302": Code(
            "unknown macro or name",
            INVALID,
            "The template uses a macro, function or variable that is not defined.",
        ),
        "K303": Code(
            "template failed", INVALID, "The template raised an error while it was rendered."
        ),
        "K304": Code(
            "unknown variable",
            INVALID,
            "var() names a variable without a value: neither --vars nor [tool.kpi.vars] sets it, and the call has no default.",
        ),
        "K305": Code(
            "missing environment variable",
            INVALID,
            "env_var() names an environment variable that is not set, and the call has no default.",
        ),
        "K306": Code(
            "template does not end", INVALID, "The template recurses or loops without end."
        ),
        # K4xx: SQL
        "K402": Code(
            "model is empty", INVALID, "The model renders to nothing but white space and comments."
        ),
        "K403": Code("more than one statement", INVALID, "A model is one SELECT."),
        # K5xx: KPIs
        "K501": Code(
            "unknown column in a KPI",
            INVALID,
            "An expression of a KPI names a column that its `from` model does not have.",
        ),
        "K502": Code(
            "KPI expression",
            INVALID,
            "The expression of a KPI cannot be parsed, or it is not an aggregate.",
        ),
        "K503": Code(
            "KPI cannot be evaluated this way",
            INVALID,
            "The aggregate does not fit `additivity` or `over`.",
        ),
        "K504": Code(
            "unknown dimension or time column",
            INVALID,
            "A dimension or time column of a KPI is not a column of its `from` model.",
        ),
        "K505": Code(
            "unlike parts",
            INVALID,
            "A formula or ratio combines KPIs that do not share a dimension or grain that it declares.",
        ),
        "K506": Code(
            "unknown KPI",
            INVALID,
            "A formula, guardrail, explains or replaced_by names a KPI that does not exist.",
        ),
        "K507": Code(
            "KPI definition",
            INVALID,
            "A KPI says exactly one of: measure; numerator and denominator; formula; model.",
        ),
        "K508": Code("KPI cycle", INVALID, "KPIs are defined by each other in a circle."),
        "K509": Code(
            "KPI model",
            INVALID,
            "The model of a KPI lacks a column of the contract: variant, grain, period_start, dimension, segment, numerator, denominator, value, sample_size, null_reason.",
        ),
        "K510": Code(
            "assertion",
            INVALID,
            "The assertion of a KPI is not one of the known kinds, or its argument does not fit.",
        ),
        # K6xx: plan and state
        "K601": Code(
            "nothing is published", USAGE, "There is no published state yet. `kpi build` makes one."
        ),
        "K602": Code(
            "node is not built", USAGE, "The command reads a model that has not been built yet."
        ),
        "K603": Code(
            "unknown materialization", INVALID, "materialized takes view, table or ephemeral."
        ),
        # K7xx: database and machine
        "K701": Code(
            "database is locked",
            MACHINE,
            "Another process holds the work database. Wait for it, or stop it; the published file can be read at any time.",
        ),
        "K702": Code(
            "disk is full",
            MACHINE,
            "There is no space left for the work database, its temporary files, or the new published state. What was published is unchanged.",
        ),
        "K703": Code(
            "file cannot be written",
            MACHINE,
            "The folder or file is read-only, or belongs to somebody else.",
        ),
        "K704": Code(
            "out of memory",
            MACHINE,
            "The database needs more memory than its limit. Raise memory_limit of the target, or give it a temporary directory with space.",
        ),
        "K705": Code("database failed", MACHINE, "The database file cannot be opened or read."),
        "K706": Code(
            "database is from another version",
            MACHINE,
            "The work database was made by another version. It holds nothing that a build cannot make again: `kpi clean` removes it.",
        ),
        "K710": Code(
            "SQL failed",
            FAILED,
            "The database refused or failed to run the SQL of a node. The place is in the template; the compiled text stands under target/compiled.",
        ),
        # K9xx: raw data and checks
        "K901": Code(
            "wrong type in raw data",
            FAILED,
            "A value of a raw file cannot be read as the type that the source declares. Nothing of the table was replaced.",
        ),
        "K902": Code(
            "missing column in raw data",
            FAILED,
            "A raw file lacks a column that the source declares. Nothing of the table was replaced.",
        ),
        "K903": Code(
            "broken raw file",
            FAILED,
            "A raw file cannot be parsed: a quote that does not close, a row with too many or too few columns, bad encoding.",
        ),
        "K904": Code(
            "key repeats",
            FAILED,
            "A key of a raw table repeats with different values. Fully identical rows would have been dropped with a warning.",
        ),
        "K905": Code(
            "missing value in raw data",
            FAILED,
            "A column that must not be empty is empty in a row of a raw file.",
        ),
        "K906": Code(
            "two files for one raw table",
            FAILED,
            "A raw table has more than one file, so it is not clear which one holds.",
        ),
        "K907": Code(
            "identical rows dropped",
            0,
            "A raw file holds rows that are identical in every column; one of each was kept.",
        ),
        "K908": Code(
            "undeclared column",
            0,
            "A raw file has a column that the source does not declare; it was not landed.",
        ),
        "K909": Code(
            "raw folder",
            USAGE,
            "The folder named by --raw does not exist, or is not one that can be read here.",
        ),
        "K910": Code(
            "mapping failed", FAILED, "The SELECT that maps a shop's data onto a raw table failed."
        ),
        "K911": Code(
            "undeclared raw file",
            0,
            "A file in the raw folder belongs to no table that a source declares; it was not landed.",
        ),
        "K920": Code("data test failed", FAILED, "Rows of a model break a data test."),
        "K921": Code(
            "KPI assertion failed", FAILED, "A KPI breaks an assertion. Nothing was published."
        ),
    }
)
