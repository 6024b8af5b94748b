"""The plan of the house: who may import whom, where each library lives, how big a file may be, with reasons."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "coterie"

FLOORS: dict[str, int] = {
    "model": 0, "errors": 0, "limits": 0, "settings": 0, "clock": 0, "values": 0,
    "aggregates": 1, "segments": 1, "identity": 1, "profiles": 1, "triggers": 1, "client": 1,
    "intake": 1, "taxonomy": 1, "governance": 1, "monitoring": 1, "privacy": 1,
    "features": 1, "clusters": 1, "value": 1, "learned": 1,
    "storage": 2, "connectors": 2,
    "engine": 3, "lab": 3,
    "notebook": 4, "learning": 4, "web": 4, "cli": 4, "app": 5, "__main__": 5, "__init__": 5,
}  # fmt: skip
"""Room → floor. A room imports only from lower floors, or along an edge named below."""

EDGES: dict[tuple[str, str], str] = {
    ("segments", "aggregates"): "conditions compare aggregates",
    ("segments", "identity"): "every reader follows merges",
    ("segments", "profiles"): "every reader folds traits",
    ("identity", "aggregates"): "merging two profiles is merging their summaries",
    ("profiles", "aggregates"): "a trait is a summary",
    ("triggers", "segments"): "a trigger speaks the words of segments, and picks events as they do",
    ("triggers", "profiles"): "what is gathered comes in the order in which events count",
    ("taxonomy", "intake"): "the tracking plan is a stage of the intake",
    ("taxonomy", "governance"): "samples of violations are shown as samples of fields are",
    ("taxonomy", "segments"): "a plan is written in forms, and read by the walker, as segments are",
    ("governance", "intake"): "rules that make values normal are a stage of the intake",
    ("governance", "segments"): "lineage reads what definitions name; rules are written in the same forms",
    ("governance", "triggers"): "lineage reads what triggers name; files of rules are read as theirs are",
    ("monitoring", "aggregates"): "a check looks at summaries",
    ("privacy", "intake"): "suppression and pseudonyms are stages of the intake",
    ("privacy", "identity"): "a merge or a link by hand may name somebody who was erased",
    ("features", "aggregates"): "a feature is an aggregate of the same algebra",
    ("features", "segments"): "a feature picks events and windows in the words of segments",
    ("features", "triggers"): "feature sets are keyed files, read as triggers are",
    ("clusters", "features"): "what is clustered is a table of features, prepared",
    ("clusters", "learned"): "a clustering is kept as an artefact",
    ("clusters", "segments"): "the rule that explains a cluster is a segment",
    ("learned", "features"): "a model says how its features are prepared",
    ("learned", "segments"): "a model is written in the forms of segments, and picks events as they do",
    ("learned", "triggers"): "files of models are read as theirs are",
    ("learned", "privacy"): "a model is signed as a receipt is",
    ("value", "features"): "propensity learns from a table of features",
    ("value", "learned"): "a fitted model is kept as an artefact",
    ("monitoring", "features"): "drift compares tables of features",
    ("monitoring", "clusters"): "drift asks whether a frozen clustering still fits",
    ("connectors", "storage"): "sources land in the event store and the quarantine",
    ("model", "errors"): "the nouns raise the one tree of errors",
    ("settings", "errors"): "a wrong setting is a clear error",
    ("settings", "limits"): "settings may lower a limit",
    ("settings", "model"): "settings speak the nouns",
    ("values", "model"): "values are JSON values of the model",
    ("cli", "web"): "the command keys edits the keys that the edge checks",
    ("cli", "app"): "the command serve starts what the composition root puts together",
    ("learning", "notebook"): "tables are given back as the kind that came, and instants are read alike",
    ("__main__", "cli"): "python -m coterie is the command line",
    ("__init__", "notebook"): "the public functions are loaded on first use",
}

HOMES: dict[str, tuple[str, ...]] = {
    "numba": ("segments/live", "features", "clusters", "value/trees.py"),
    "llvmlite": ("segments/live",),
    "sqlglot": ("segments/batch",),
    "duckdb": ("storage",),
    "deltalake": ("storage",),
    "click": ("cli",),
    "rich": ("cli",),
    "plotext": ("cli",),
    "re2": ("segments/holds.py", "segments/conditions/patterns.py", "identity/rules.py", "privacy/needles.py"),
    "yaml": ("segments/parse", "connectors", "storage"),
    "sqlite3": ("storage",),
    "uvicorn": ("app.py", "app"),
    "fastapi": ("web",),
    "starlette": ("web",),
    "pydantic": ("web",),
    "prometheus_client": ("web",),
    "opentelemetry": ("web",),
    "httpx": ("connectors", "client", "cli"),
    "liquid": ("connectors/destinations",),
    "aiosmtplib": ("connectors/destinations",),
    "paho": ("connectors/sources",),
    "redis": ("connectors/caches",),
    "pymemcache": ("connectors/caches",),
    "splink": ("identity/matching",),
    "fsspec": ("storage", "connectors/sources"),
    "dlt": ("connectors/sources",),
    "requests": ("connectors/sources/http",),
    "pg8000": ("connectors/sources/sql",),
    "pymysql": ("connectors/sources/sql",),
    "sqlalchemy": ("connectors", "engine/exporting"),
    "python_calamine": ("connectors/sources",),
    "confluent_kafka": ("connectors/sources",),
    "boto3": ("connectors/sources",),
    "botocore": ("connectors/sources",),
    "pantab": ("engine/exporting",),
    "jsonschema_rs": ("taxonomy",),
    "pointblank": ("engine/quality",),
    "phonenumbers": ("governance",),
    "pint": ("governance",),
    "babel": ("governance",),
    "email_validator": ("governance",),
    "scipy": ("features", "clusters", "value", "monitoring"),
    "sklearn": ("features", "clusters", "value"),
    "fastcluster": ("clusters",),
    "threadpoolctl": ("clusters",),
    "fast_hdbscan": ("clusters",),
    "kneed": ("clusters",),
    "openTSNE": ("clusters/pictures",),
    "umap": ("clusters/pictures",),
    "altair": ("engine/learning/pictures",),
    "vl_convert": ("engine/learning/pictures",),
    "lightgbm": ("value",),
    "river": ("monitoring",),
    "cryptography": ("privacy",),
    "polars": ("notebook", "connectors/sources", "engine/quality"),
    "pandas": ("notebook",),
}
"""Third-party library → the only places of src/coterie that may import it."""

LINES_MAX, LINES_MEDIAN_MAX, FUNCTION_LINES_MAX = 500, 150, 50

LONG_FUNCTIONS: dict[str, str] = {}
"""path:function → why it may be longer than FUNCTION_LINES_MAX."""

FORBIDDEN = ("NotImplementedError", "TO" + "DO", "FIX" + "ME")


def files() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def room(path: Path) -> str:
    part = path.relative_to(SRC).parts[0]
    return part.removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (dotted module, line) of every import of a file, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "coterie":
                for alias in node.names:
                    yield f"coterie.{alias.name}", node.lineno
            else:
                yield node.module, node.lineno


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (name, lines without its docstring) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            spoken = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1 - spoken
