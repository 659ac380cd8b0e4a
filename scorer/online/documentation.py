"""The OpenAPI document, made from the message structs, and a page that shows it offline."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.metadata import version
from typing import Any

import msgspec

from scorer.online.events import Accepted, Event
from scorer.online.messages import Decision, Decisions, Problem, Request, Requests, Strategies

_POSTS: tuple[tuple[str, str, type, type, int], ...] = (
    ("/v1/decisions", "Decide which offers to show to a person now.", Request, Decision, 200),
    ("/v1/decisions:batch", "Decide for up to 500 requests.", Requests, Decisions, 200),
    (
        "/v1/events",
        "Store displays, clicks and other events: one of this form, an XDM ExperienceEvent, or up"
        " to 500 of both as {events: […]}. They are on disk before the answer.",
        Event,
        Accepted,
        202,
    ),
)
_GETS = (
    ("/v1/strategies", "The strategies of the publication in use.", "application/json"),
    ("/healthz", "Whether the process answers.", "application/json"),
    ("/readyz", "Whether it decides, with which publication.", "application/json"),
    ("/metrics", "Metrics for Prometheus.", "text/plain"),
)
_ERRORS = {
    400: "The body is not JSON, or the request is not HTTP.",
    401: "The token is wrong or missing.",
    408: "The body did not arrive within 10 seconds.",
    413: "The body is larger than 1 MB.",
    415: "The content type is not application/json.",
    422: "The request is wrong; the message says where.",
    503: "Events cannot be stored now; send them again.",
}


@cache
def openapi() -> bytes:
    """The OpenAPI 3.1 document, JSON."""
    types = [*(kind for row in _POSTS for kind in row[2:4]), Strategies, Problem]
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for path, text, taken, given, status in _POSTS:
        responses = {str(status): _content("Done.", given.__name__)}
        responses |= {str(code): _content(why, "Problem") for code, why in _ERRORS.items()}
        body = {"required": True, **_content("", taken.__name__)}
        body.pop("description")
        paths[path] = {"post": {"summary": text, "requestBody": body, "responses": responses}}
    for path, text, kind in _GETS:
        schema = _ref("Strategies") if path == "/v1/strategies" else {}
        content = {kind: {"schema": schema}}
        answer = {"200": {"description": "Done.", "content": content}}
        paths[path] = {"get": {"summary": text, "responses": answer}}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "nextoffer serve", "version": version("nextoffer")},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"token": []}],
        }
    ).encode()


@cache
def documentation_page() -> bytes:
    """A page with every path and struct; it loads nothing from elsewhere."""
    document = json.loads(openapi())
    parts = ["<h1>nextoffer serve</h1><p>The document for tools: <a href='openapi.json'>"]
    parts.append("openapi.json</a></p>")
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2>")
            parts.append(f"<p>{escape(about['summary'])}</p>")
            names = [_name_of(about.get("requestBody", {}))]
            names += [_name_of(answer) for answer in about["responses"].values()][:1]
            links = [f"<a href='#{name}'>{name}</a>" for name in names if name]
            parts.append(f"<p>{' → '.join(links)}</p>" if links else "")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f"<h2 id='{name}'>{name}</h2><p>{escape(schema.get('description', ''))}</p>")
        parts.append("<table>")
        for field, about in schema.get("properties", {}).items():
            needed = "required" if field in schema.get("required", ()) else ""
            parts.append(
                f"<tr><td><code>{escape(field)}</code></td><td>{escape(_type(about))}</td>"
                f"<td>{needed}</td><td>{escape(about.get('description', ''))}</td></tr>"
            )
        parts.append("</table>")
    style = (
        "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td{border-top:1px solid #ddd;padding:.3rem .8rem}"
    )
    head = f"<meta charset=utf-8><title>nextoffer serve</title><style>{style}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}".encode()


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(text: str, name: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(name)}}}


def _name_of(holder: dict[str, Any]) -> str:
    content: dict[str, Any] = holder.get("content", {}).get("application/json", {})
    return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(_type(part) for part in about["anyOf"])
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {})) or 'anything'}"
    if "enum" in about:
        return ", ".join(map(str, about["enum"]))
    return str(about.get("type", ""))
