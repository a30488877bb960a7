"""The OpenAPI description, completed by what holds for every operation."""

from typing import Any

from wispgate.web.api.door import KEY_HEADER, OPERATOR_HEADER
from wispgate.web.api.errors import PROBLEM_TYPE
from wispgate.web.api.schemas import Problem

_ANSWERS = {
    "400": "The body is broken",
    "401": "No valid token",
    "403": "The token's role lacks the permission",
    "404": "No such object, or none that this operator may see",
    "409": "The object's state forbids it, or the Idempotency-Key was used for another request",
    "413": "Too large",
    "415": "A Content-Type that is not taken",
    "422": "Values are wrong; `errors` names the fields",
    "429": "Too many requests",
    "500": "Our fault",
    "503": "A part of ours is down; try again later",
}
_WAITS = {
    "description": "It waits for a second person; nothing was done yet",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ApprovalOut"}}},
}
_KEY = {
    "in": "header",
    "name": KEY_HEADER,
    "required": False,
    "description": "Repeating a request with its key gives the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_OPERATOR = {
    "in": "header",
    "name": OPERATOR_HEADER,
    "required": False,
    "description": "The operator (slug) that a token of the platform works for.",
    "schema": {"type": "string", "maxLength": 40, "pattern": "^[a-z0-9-]+$"},
}


def describe(schema: Any) -> Any:
    """Adds the refusals and the headers that all operations share."""
    definition = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = definition.pop("$defs", {})
    schema["components"]["schemas"].update(definitions | {"Problem": definition})
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            operation["parameters"].append(_OPERATOR)
            if method in ("post", "put", "delete"):
                operation["responses"].setdefault("202", _WAITS)
            if method == "post":
                operation["parameters"].append(_KEY)
            for status, words in _ANSWERS.items():
                operation["responses"][status] = _refusal(words)
    return schema


def _refusal(words: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {PROBLEM_TYPE: {"schema": reference}}}
