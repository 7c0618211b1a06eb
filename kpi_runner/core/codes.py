"""Every error code in one table: its title, and the exit status that it calls for.

Families: K0xx the command line · K1xx files, YAML, configuration · K2xx graph and names ·
K3xx templates · K4xx SQL · K5xx KPIs · K6xx plan and state · K7xx database and machine ·
K8xx lint · K9xx raw data and checks. Each code has a case under ``tests/cases/errors``, and a
page in ``ops/pages.txt``; that of a lint rule is the docstring of its function.
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
    """A kind of mistake: what it is called, and how a command ends with it."""

    title: str
    exit_status: int


CODES: Mapping[str, Code] = MappingProxyType(
    {
        # K0xx: the command line
        "K001": Code("no project here", USAGE),
        "K002": Code("wrong usage", USAGE),
        "K003": Code("nothing selected", USAGE),
        "K004": Code("unknown selector method", USAGE),
        "K005": Code("bad value of --vars", USAGE),
        "K006": Code("unknown target", USAGE),
        "K007": Code("folder is not empty", USAGE),
        "K008": Code("KPI cannot be queried this way", USAGE),
        "K009": Code("unknown error code", USAGE),
        "K010": Code("no earlier run", USAGE),
        "K011": Code("artifacts of another version", USAGE),
        "K012": Code("unknown selector", USAGE),
        "K013": Code("KPI has no value here", 0),
        # K1xx: files, YAML, configuration
        "K101": Code("YAML syntax", INVALID),
        "K102": Code("wrong type", INVALID),
        "K103": Code("unknown key", INVALID),
        "K104": Code("missing key", INVALID),
        "K105": Code("unknown value", INVALID),
        "K106": Code("duplicate key", INVALID),
        "K107": Code("file cannot be read", INVALID),
        "K108": Code("project configuration", INVALID),
        "K109": Code("YAML without its model", INVALID),
        "K110": Code("contradictory configuration", INVALID),
        "K111": Code("seed without a header", INVALID),
        # K2xx: graph and names
        "K201": Code("unknown ref", INVALID),
        "K202": Code("unknown source", INVALID),
        "K203": Code("cycle", INVALID),
        "K204": Code("duplicate name", INVALID),
        "K205": Code("unknown model in a test", INVALID),
        "K206": Code("unknown generic test", INVALID),
        "K207": Code("layer rule", INVALID),
        # K3xx: templates
        "K301": Code("Jinja syntax", INVALID),
        "K302": Code("unknown macro or name", INVALID),
        "K303": Code("template failed", INVALID),
        "K304": Code("unknown variable", INVALID),
        "K305": Code("missing environment variable", INVALID),
        "K306": Code("template does not end", INVALID),
        # K4xx: SQL
        "K402": Code("model is empty", INVALID),
        "K403": Code("more than one statement", INVALID),
        "K404": Code("columns of a fit", INVALID),
        # K5xx: KPIs
        "K501": Code("unknown column in a KPI", INVALID),
        "K502": Code("KPI expression", INVALID),
        "K503": Code("KPI cannot be evaluated this way", INVALID),
        "K504": Code("unknown dimension or time column", INVALID),
        "K505": Code("unlike parts", INVALID),
        "K506": Code("unknown KPI", INVALID),
        "K507": Code("KPI definition", INVALID),
        "K508": Code("KPI cycle", INVALID),
        "K509": Code("KPI model", INVALID),
        "K510": Code("assertion", INVALID),
        # K6xx: plan and state
        "K601": Code("nothing is published", USAGE),
        "K602": Code("node is not built", USAGE),
        "K603": Code("unknown materialization", INVALID),
        "K604": Code("work state is not current", USAGE),
        "K605": Code("no such published state", USAGE),
        "K606": Code("definition is not published", 0),
        "K610": Code("unique_key does not identify rows", FAILED),
        "K611": Code("columns changed", FAILED),
        "K612": Code("snapshot goes back in time", FAILED),
        "K613": Code("logic of an incremental model changed", FAILED),
        "K614": Code("fit without parameters", 0),
        "K615": Code("rows of a fit", FAILED),
        "K616": Code("row of another batch", FAILED),
        "K617": Code("too many batches", FAILED),
        # K7xx: database and machine
        "K701": Code("database is locked", MACHINE),
        "K702": Code("disk is full", MACHINE),
        "K703": Code("file cannot be written", MACHINE),
        "K704": Code("out of memory", MACHINE),
        "K705": Code("database failed", MACHINE),
        "K706": Code("database is from another version", MACHINE),
        "K710": Code("SQL failed", FAILED),
        # K8xx: lint; the page of a rule is the docstring of its function
        "K801": Code("layer reads", FAILED),
        "K802": Code("staging of one source", FAILED),
        "K803": Code("hard-coded relation", FAILED),
        "K804": Code("root or dead end", FAILED),
        "K805": Code("rejoined upstream", FAILED),
        "K806": Code("many readers", FAILED),
        "K807": Code("many joins", FAILED),
        "K808": Code("chain of views", FAILED),
        "K809": Code("folder and prefix", FAILED),
        "K810": Code("keyword case", FAILED),
        "K811": Code("layout", FAILED),
        "K812": Code("leading comma", FAILED),
        "K813": Code("steps of a model", FAILED),
        "K814": Code("star", FAILED),
        "K815": Code("join", FAILED),
        "K816": Code("position in group by or order by", FAILED),
        "K817": Code("spelling", FAILED),
        "K818": Code("macro in disguise", FAILED),
        "K819": Code("not repeatable", FAILED),
        "K820": Code("model without description", FAILED),
        "K821": Code("model without grain", FAILED),
        "K822": Code("mart column without description", FAILED),
        "K823": Code("column name", FAILED),
        "K824": Code("one name, two types", FAILED),
        "K825": Code("noqa", FAILED),
        "K826": Code("order of YAML keys", FAILED),
        "K827": Code("YAML beside its model", FAILED),
        "K828": Code("macro", FAILED),
        "K829": Code("config()", FAILED),
        "K830": Code("KPI entry", FAILED),
        # K9xx: raw data and checks
        "K901": Code("wrong type in raw data", FAILED),
        "K902": Code("missing column in raw data", FAILED),
        "K903": Code("broken raw file", FAILED),
        "K904": Code("key repeats", FAILED),
        "K905": Code("missing value in raw data", FAILED),
        "K906": Code("two files for one raw table", FAILED),
        "K907": Code("identical rows dropped", 0),
        "K908": Code("undeclared column", 0),
        "K909": Code("raw folder", USAGE),
        "K910": Code("mapping failed", FAILED),
        "K911": Code("undeclared raw file", 0),
        "K912": Code("days not loaded", 0),
        "K913": Code("raw table without a file", 0),
        "K914": Code("last day after all data", 0),
        "K915": Code("stale source", FAILED),
        "K920": Code("data test failed", FAILED),
        "K922": Code("unit test failed", FAILED),
        "K923": Code("contract broken", FAILED),
        "K924": Code("constraint broken", FAILED),
        "K921": Code("KPI assertion failed", FAILED),
    }
)
