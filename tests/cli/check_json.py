#!/usr/bin/env python3
"""check_json.py JSON.md NAME FILE - is each line of FILE a JSON document as the schema NAME of JSON.md says? NAME "all":
is every example in JSON.md as its schema says?

A schema stands in JSON.md in a fence ```json schema=NAME, an example in a fence ```json example=NAME. Of JSON Schema
this knows: type, properties, required, items, patternProperties, additionalProperties false, minimum, maximum, pattern."""

import json
import re
import sys

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
KNOWN = {"type", "properties", "required", "items", "patternProperties", "additionalProperties", "minimum", "maximum",
         "pattern", "description"}


class Wrong(Exception):
    pass


def no_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise Wrong("a key is there twice: %s" % [key for key, _ in pairs])
    return dict(pairs)


def parse(text):
    def refuse(constant):
        raise Wrong("%s is no JSON" % constant)

    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse)


def check_object(value, schema, place):
    for key in schema.get("required", []):
        if key not in value:
            raise Wrong("%s lacks %r" % (place, key))
    for key, inner in value.items():
        inner_schema = schema.get("properties", {}).get(key)
        for pattern, candidate in schema.get("patternProperties", {}).items():
            if inner_schema is None and re.search(pattern, key):
                inner_schema = candidate
        if inner_schema is not None:
            check(inner, inner_schema, "%s.%s" % (place, key))
        elif schema.get("additionalProperties", True) is False:
            raise Wrong("%s has %r, which the schema does not" % (place, key))


def check(value, schema, place="document"):
    if set(schema) - KNOWN:
        raise Wrong("the schema has %s, which this program does not know" % (set(schema) - KNOWN))
    types = schema.get("type", list(TYPES))
    types = [types] if isinstance(types, str) else types
    if not any(TYPES[t](value) for t in types):
        raise Wrong("%s is %r, not %s" % (place, value, " or ".join(types)))
    if isinstance(value, dict):
        check_object(value, schema, place)
    if isinstance(value, list) and "items" in schema:
        for i, inner in enumerate(value):
            check(inner, schema["items"], "%s[%d]" % (place, i))
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        raise Wrong("%s is %r, not %s" % (place, value, schema["pattern"]))
    if TYPES["number"](value) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        raise Wrong("%s is %r, out of range" % (place, value))


def fences(path, kind):
    text = open(path, encoding="utf-8").read()
    return re.findall(r"^```json %s=(\S+)\n(.*?)^```$" % kind, text, re.M | re.S)


def main(path, name, file=None):
    schemas = {n: parse(text) for n, text in fences(path, "schema")}
    examples = fences(path, "example")
    if name == "all":
        if {n for n, _ in examples} != set(schemas):
            raise Wrong("not every schema has an example: %s" % (set(schemas) ^ {n for n, _ in examples}))
        documents = examples
    else:
        with open(file, "rb") as opened:
            text = opened.read().decode("utf-8")
        if not text.endswith("\n"):
            raise Wrong("the last line does not end")
        documents = [(name, line) for line in text[:-1].split("\n")]
    if not documents:
        raise Wrong("there is nothing to check")
    for schema, text in documents:
        check(parse(text), schemas[schema], schema)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Wrong, ValueError) as wrong:
        sys.exit(str(wrong))
