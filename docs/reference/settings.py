"""The page of the settings, from the structs that load them."""

from typing import Any

from docs.reference.markdown import block, code, heading, section, table
from openpact.config import Config, schema
from openpact.domain import settings


def page() -> str:
    """Give the page."""
    sections = schema()["properties"]
    return heading(
        "Configuration",
        "One YAML file, found by `--config`, then `OPENPACT_CONFIG`, then `secure/config.yaml` in the workspace, then "
        "`./openpact.yaml`. Without one, every default is in force. An unknown key, a wrong type or an unreadable file "
        "stops the start; every error is told at once, with its line.",
        "A flag is over the environment, the environment over the file, the file over the default. In the file "
        "`${NAME}` and `${NAME:-default}` are filled in from the environment. The environment cannot set what decides "
        "how safe the rest is: such keys have no variable.",
        "`openpact config check` reads it, `openpact config show` says where each value comes from, "
        "`openpact config schema` prints a JSON Schema for editors.",
        block(_example(sections), "yaml"),
    ) + "".join(_section(name, content) for name, content in sections.items())


def _section(name: str, content: dict[str, Any]) -> str:
    rows = []
    for key, value in content["properties"].items():
        dotted = f"{name}.{key}"
        rows.append(
            (
                code(dotted),
                _kind(value),
                code(_yaml(value["default"])) if value["default"] is not None else "none",
                value["description"],
                code(_yaml(value["examples"][0])),
                _variable(settings.keys(Config)[dotted]),
            )
        )
    columns = ("key", "type", "default", "what it does", "for example", "variable")
    return section(name, content["description"], table(columns, rows))


def _kind(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        value = next(option for option in value["anyOf"] if option["type"] != "null")
    if "enum" in value:
        return " or ".join(map(code, value["enum"]))
    if "minimum" in value:
        return f"number, {value['minimum']} to {value['maximum']}"
    if value["type"] == "object":
        return "names with values"
    if value["type"] == "array":
        return f"list of {_kind(value['items'])}"
    return {"string": "text", "integer": "number", "boolean": "`true` or `false`"}[value["type"]]


def _yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'{key}: "{each}"' for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _variable(key: settings.Key) -> str:
    # Asked of the loader itself, so that the page cannot promise what the loader refuses.
    reached, _wrong = settings.from_environment(Config, {key.variable: ""})
    return code(key.variable) if reached else "none"


def _example(sections: dict[str, Any]) -> str:
    lines = []
    for name, content in sections.items():
        lines.append(f"{name}:")
        lines += [f"  {key}: {_yaml(value['examples'][0])}" for key, value in content["properties"].items()]
    return "\n".join(lines)
