"""Writes the browser client's message types from docs/asyncapi.yaml, the server's own schema.

`python clients/web/generate_messages.py` writes them; the tests hold the file to the schema.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "docs" / "asyncapi.yaml"
OUT = ROOT / "clients" / "web" / "client" / "src" / "messages.ts"

HEAD = "// Made from docs/asyncapi.yaml by clients/web/generate_messages.py; not to be edited.\n"
RENAMED = {"Error": "ErrorMessage", "Event": "ActionEvent", "Image": "ImageMessage"}
"""What would stand before a browser's own."""

PLAIN = {"number": "number", "integer": "number", "boolean": "boolean", "null": "null"}


def messages(schema: Mapping[str, Any]) -> str:
    """Returns the TypeScript module of a schema.

    Args:
        schema: the AsyncAPI document. What the server sends always has all of its fields; of what a
            client sends those with a default may be left out.
    """
    shapes = schema["components"]["schemas"]
    sent = set(_reachable(shapes, _of_operation(schema, "send")))
    parts = [HEAD]
    parts += [_interface(name, shape, whole=name in sent) for name, shape in shapes.items()]
    for title, operation in (("ClientMessage", "receive"), ("ServerMessage", "send")):
        names = _of_operation(schema, operation)
        parts.append(f"export type {title} = {' | '.join(map(_called, names))};\n")
    return "\n".join(parts)


def _of_operation(schema: Mapping[str, Any], operation: str) -> list[str]:
    references = schema["operations"][operation]["messages"]
    messages = schema["components"]["messages"]
    keys = [reference["$ref"].rpartition("/")[2] for reference in references]
    return [messages[key]["payload"]["$ref"].rpartition("/")[2] for key in keys]


def _reachable(shapes: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    for name in names:
        yield name
        yield from _reachable(shapes, list(_references(shapes[name])))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _called(name: str) -> str:
    return RENAMED.get(name, name)


def _interface(name: str, shape: Mapping[str, Any], *, whole: bool) -> str:
    required = shape.get("required", [])
    lines = [_comment(shape.get("description", "")), f"export interface {_called(name)} {{"]
    for field, value in shape["properties"].items():
        mark = "" if whole or field in required else "?"
        if "description" in value:
            lines.append(f"  /** {value['description']} */")
        lines.append(f"  readonly {field}{mark}: {_type(value)};")
    return "\n".join(lines) + "\n}\n"


def _comment(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */"])


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return _called(value["$ref"].rpartition("/")[2])
    if "enum" in value:
        return " | ".join(f'"{choice}"' for choice in value["enum"])
    if "anyOf" in value:
        return " | ".join(_type(choice) for choice in value["anyOf"])
    if value["type"] == "array":
        if "prefixItems" in value:
            return f"readonly [{', '.join(_type(item) for item in value['prefixItems'])}]"
        item = _type(value["items"])
        return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
    if value["type"] == "string":
        # Bytes in MessagePack, which this client speaks; base64 in JSON alone.
        return "Uint8Array" if value.get("contentEncoding") == "base64" else "string"
    return PLAIN[value["type"]]


def main() -> None:
    """Writes the module."""
    OUT.write_text(messages(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
