"""The OpenAPI document is valid, complete, and kept: generated requests get no 5xx and answers of the promised shape.

``COTERIE_FUZZ_EXAMPLES=500`` asks longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coterie.web.api.application import document_text
from tests.serving import Serving
from tests.web.conftest import send, track

load_all_checks()
EXAMPLES = int(os.environ.get("COTERIE_FUZZ_EXAMPLES", "4"))
DOCUMENT: dict[str, Any] = json.loads(document_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
ENDLESS = {"/v1/changes/stream"}
"""Never ends; ``test_changes`` asks it."""
OPERATIONS = [
    (method.upper(), path) for path, one in DOCUMENT["paths"].items() for method in one if path not in ENDLESS
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {"key": ["buyers", "at-risk", "by-mail"], "profile": ["ada", "anonymous_id:b-1"], "name": ["vips"]}
"""Names that exist, so that half of the requests find something."""


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_operation_says_what_it_does_and_needs() -> None:
    for method, path in OPERATIONS:
        one = DOCUMENT["paths"][path][method.lower()]
        assert one["summary"][0].isupper(), (method, path)
        assert one["x-scope"] in ("read", "admin")
        assert one["responses"].keys() >= {"401", "403", "422", "429", "503", "default"}
        assert (method == "GET" and one["x-scope"] == "read") == ("504" in one["responses"]), (method, path)


def test_every_operation_has_an_answer_of_its_own_shape() -> None:
    for _, path in OPERATIONS:
        for one in DOCUMENT["paths"][path].values():
            may_begin = any(asked["name"] == "background" for asked in one.get("parameters", ()))
            told = [code for code in one["responses"] if code.startswith("2")]
            assert (len(told), "202" in told) == ((2, True) if may_begin else (1, False)), path
            for status in told:
                (media,) = one["responses"][status]["content"].values()
                assert media["schema"], path


@pytest.fixture(scope="module")
def base(server: Serving) -> Serving:
    send(
        server,
        {"type": "identify", "userId": "ada", "anonymousId": "b-1", "traits": {"plan": "pro"}},
        track("order_completed", "ada", total=3.5),
        track("add_to_cart", "bo"),
    )
    server.admin.put("/v1/lists/vips", json={"profiles": ["ada"]})
    return server


def modes() -> Iterator[Any]:
    """Yield every operation, asked as the document tells and, where anything of it can be wrong, otherwise."""
    for method, path in OPERATIONS:
        yield pytest.param(method, path, GenerationMode.POSITIVE, id=f"{method} {path}")
        operation = SCHEMA[path][method]
        if operation.query or operation.path_parameters or operation.body:
            yield pytest.param(method, path, GenerationMode.NEGATIVE, id=f"{method} {path} otherwise")


@pytest.mark.parametrize(("method", "path", "mode"), list(modes()))
def test_answers_are_as_the_document_says(base: Serving, method: str, path: str, mode: GenerationMode) -> None:
    strategy = SCHEMA[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 100,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy, st.booleans(), st.integers(0, 2))
    def ask(case: Any, known: bool, which: int) -> None:
        for name, values in KNOWN.items():
            if known and name in (case.path_parameters or {}):
                case.path_parameters[name] = values[which % len(values)]
        if path == "/v1/clock" and isinstance(case.body, dict):
            case.body = {key: value for key, value in case.body.items() if key != "at"}
        answer = case.call(base_url=base.url, headers={"authorization": f"Bearer {base.keys['admin']}"}, timeout=60)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}

    ask()
