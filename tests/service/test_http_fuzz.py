"""The pages, asked in ways that nobody thought of: schemathesis makes requests of their OpenAPI.

The service is a process, whose log is looked at when it stops. The bodies of a recording and of a
taught set are described by their type alone, so that anything is valid by the description: that
what is valid be accepted is therefore not asked, only that every answer is as described.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from tests.service.process import ServerProcess

Operation = APIOperation[Any, Any, Any, Any]

REQUESTS = 15
"""Made of each operation, valid ones and as many invalid ones."""

TOKEN = "s3cret" * 4

NOT_ASKED: list[CheckFunction] = [positive_data_acceptance, negative_data_rejection]


@schemathesis.serializer(
    *("application/msgpack", "application/x-msgpack", "application/vnd.msgpack"),
    *("application/jsonl", "application/x-ndjson", "application/x-npz"),
)
def _any_bytes(_: schemathesis.SerializationContext, value: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        return b"\xc1"


@pytest.fixture(scope="module")
def operations(
    kinect_artifact: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Operation]]:
    """What may be asked of a service that wants tokens and whose models may be changed."""
    place = tmp_path_factory.mktemp("described")
    (place / "tokens").write_text(TOKEN)
    (place / "models").mkdir()
    (place / "models" / "garbage.onnx").write_text("poses")
    files = {name: place / "tokens" for name in ("tokens", "admin_tokens")}
    with ServerProcess(kinect_artifact, **files, models=place / "models") as process:
        described = schemathesis.openapi.from_url(f"{process.http}/openapi.json")
        found = list(described.get_all_operations())
        assert all(isinstance(each, Ok) for each in found), found
        yield [each.ok() for each in found if isinstance(each, Ok)]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_every_answer_is_as_described(mode: GenerationMode, operations: list[Operation]) -> None:
    """Whatever is asked: no 5xx, and only statuses, types and bodies that `/docs` names.

    Where a token is wanted, nothing is answered without.
    """
    asked: Counter[str] = Counter()
    for operation in operations:
        takes = [*operation.iter_parameters(), *operation.body]
        if mode is GenerationMode.NEGATIVE and not takes:
            continue

        @given(operation.as_strategy(generation_mode=mode))
        @settings(max_examples=REQUESTS, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: Case[Any]) -> None:
            asked[case.operation.label] += 1
            answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
            case.validate_response(answer, excluded_checks=NOT_ASKED)

        ask()
    assert asked.keys() >= {"POST /v1/models", "POST /v1/actions", "PUT /v1/taught/{name}"}
