"""The configuration: what each key is, how the layers are loaded, what is refused, how it is shown."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.config import Config, Loaded, Server, Setting, load, schema, show
from openpact.domain import settings
from openpact.domain.errors import ConfigInvalid
from tests.unreadable import as_somebody_else, open_folder

NONE: Mapping[str, str] = {}


def loaded(folder: Path, text: str, environment: Mapping[str, str] = NONE, **flags: str | int | bool) -> Loaded:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file=file, environment=environment, flags={key.replace("__", "."): flags[key] for key in flags})


def invalid(folder: Path, text: str, environment: Mapping[str, str] = NONE, **flags: str | int | bool) -> ConfigInvalid:
    with pytest.raises(ConfigInvalid) as refused:
        loaded(folder, text, environment, **flags)
    return refused.value


# The keys


@pytest.mark.promise("OPS-2.01")
def test_every_key_has_a_type_a_default_and_a_description() -> None:
    for key in settings.keys(Config).values():
        assert key.description.endswith("."), key.name
    for section in schema()["properties"].values():
        assert section["additionalProperties"] is False
        assert section["description"]
        for name, key_schema in section["properties"].items():
            assert {"default", "description", "examples"} <= key_schema.keys(), name
            assert key_schema.keys() & {"type", "enum", "anyOf"}, name


def test_the_keys_are_these_and_no_others() -> None:
    assert {
        key: msgspec.to_builtins(Config())[key.partition(".")[0]][key.partition(".")[2]]
        for key in settings.keys(Config)
    } == {
        "workspace.path": None,
        "server.host": "127.0.0.1",
        "server.port": 8080,
        "server.public_url": None,
        "store.url": None,
        "admin.unlock_minutes": 5,
        "admin.setup_code_hours": 24,
        "admin.issuer": "OpenPact",
        "security.strict": False,
        "engine.user": None,
        "logging.level": "info",
        "logging.json": False,
        "logging.audit": True,
        "audit.checkpoint_events": 1000,
        "audit.checkpoint_seconds": 60,
        "audit.urls": "path",
        "starlark.enabled": True,
        "starlark.max_execution_ms": 30_000,
        "starlark.max_memory_mb": 128,
        "starlark.max_steps": 100_000_000,
        "starlark.infer_hosts": True,
        "starlark.secrets": {},
        "secrets.require_grants": False,
        "sandbox.require": "basic",
        "sandbox.max_active": 0,
        "sandbox.max_workers": 600,
        "sandbox.max_pending": 1000,
        "sandbox.warm": 4,
        "http.allow_private": (),
        "http.proxy": None,
        "http.ca_file": None,
        "http.max_body": 4_194_304,
        "http.max_calls": 50,
    }


def test_every_example_of_the_schema_is_accepted(tmp_path: Path) -> None:
    for name, section in schema()["properties"].items():
        for key, key_schema in section["properties"].items():
            for example in key_schema["examples"]:
                found = loaded(tmp_path, json.dumps({name: {key: example}}), {"WEATHER_KEY": "0123456789"}).config
                if isinstance(example, dict):
                    assert getattr(getattr(found, name), key).keys() == example.keys()
                    continue
                assert getattr(getattr(found, name), key) == (tuple(example) if isinstance(example, list) else example)


def test_the_whole_of_the_defaults_can_be_written_and_read_back(tmp_path: Path) -> None:
    assert loaded(tmp_path, msgspec.json.encode(Config()).decode()).config == Config()


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        (
            "workspace.path",
            ["/data/ws", "~/ws", "~"],
            ["ws", "./ws", "/etc/ws", "/a/../b", "~bob/ws", "~/../x", "", "/home"],
        ),
        ("server.host", ["0.0.0.0", "::1", "localhost", "fe80::1%eth0"], ["", "a b", "http://x", "x\n", "x" * 256]),  # noqa: S104
        ("server.port", [0, 1, 65535], [-1, 65536, "8080", 80.0, True, None]),
        (
            "server.public_url",
            ["https://o.example.com", "http://localhost:1"],
            ["o.example.com", "https://o/x", "ftp://o", ""],
        ),
        (
            "store.url",
            ["sqlite:////data/x.db", "postgresql://u@h/d"],
            ["mysql://h/d", "x.db", "", "postgresql://h/d x"],
        ),
        ("admin.unlock_minutes", [0, 60], [-1, 61, 0.5]),
        ("admin.setup_code_hours", [1, 168], [0, 169]),
        ("admin.issuer", ["OpenPact", "Bäckerei Müller"], ["", "a:b", "a\nb", "x" * 65, "x\n"]),
        ("security.strict", [True, False], ["true", "yes", 1, None]),
        ("engine.user", ["openpact-ai", "_ai"], ["", "root:x", "-x", "a b", "x" * 33]),
        ("logging.level", ["debug", "error"], ["INFO", "warn", "", 1, None]),
        ("logging.json", [True], ["true", 0]),
        ("logging.audit", [False], ["off"]),
        ("audit.checkpoint_events", [1, 1_000_000], [0, 1_000_001]),
        ("audit.checkpoint_seconds", [1, 86_400], [0, 86_401]),
    ],
)
@pytest.mark.promise("OPS-2.03")
def test_each_key_takes_what_it_should_and_refuses_the_rest(
    tmp_path: Path, key: str, good: list[object], bad: list[object]
) -> None:
    section, _, name = key.partition(".")
    for value in good:
        found = loaded(tmp_path, json.dumps({section: {name: value}})).config
        assert getattr(getattr(found, section), name) == value
    for value in bad:
        (field,) = invalid(tmp_path, json.dumps({section: {name: value}})).fields
        assert (field["path"], field["line"]) == (key, 1), value


@pytest.mark.promise("OPS-2.02")
def test_the_schema_and_the_loader_agree_on_bounds_and_choices(tmp_path: Path) -> None:
    for name, section in schema()["properties"].items():
        for key, told in section["properties"].items():
            for good in (told.get("minimum"), told.get("maximum"), *told.get("enum", ())):
                if good is not None:
                    assert (
                        loaded(tmp_path, json.dumps({name: {key: good}})).config != Config() or good == told["default"]
                    )
            outside = {-1 + told.get("minimum", 1), 1 + told["maximum"]} if "maximum" in told else set()
            for bad in outside:
                assert len(invalid(tmp_path, json.dumps({name: {key: bad}})).fields) == 1


@pytest.mark.promise("OPS-2.02")
def test_the_schema_is_a_closed_one_with_a_title() -> None:
    told = schema()
    assert json.loads(json.dumps(told)) == told
    assert told["title"] == "OpenPact configuration"
    assert told["additionalProperties"] is False
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$ref" not in json.dumps(told)
    assert told["properties"]["server"]["properties"]["port"] == {
        "description": "The port to listen on; 0 takes any free one.",
        "examples": [8080],
        "type": "integer",
        "minimum": 0,
        "maximum": 65535,
        "default": 8080,
    }


# The layers


def test_without_anything_the_defaults_are_in_effect() -> None:
    found = load(file=None, environment={}, flags={})
    assert found == Loaded(Config(), dict.fromkeys(settings.keys(Config), "default"), None)


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "server:\nlogging:\n"])
def test_an_empty_file_is_a_valid_one(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text).config == Config()


@pytest.mark.promise("OPS-2.07")
@pytest.mark.promise("OPS-2.09")
def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = "server:\n  port: 1\n  host: file\nadmin: {issuer: File}\n"
    environment = {"OPENPACT_SERVER__PORT": "2", "OPENPACT_SERVER__HOST": "environment"}
    found = loaded(tmp_path, text, environment, server__port=3)
    assert (found.config.server, found.config.admin.issuer) == (Server(host="environment", port=3), "File")
    assert {key: origin for key, origin in found.origins.items() if origin != "default"} == {
        "server.host": "environment OPENPACT_SERVER__HOST",
        "server.port": "flag --port",
        "admin.issuer": f"{tmp_path / 'config.yaml'}:4",
    }
    assert found.file == tmp_path / "config.yaml"


def test_the_flag_of_the_workspace_has_its_name() -> None:
    found = load(file=None, environment={}, flags={"workspace.path": "/data/ws"})
    assert found.origins["workspace.path"] == "flag --workspace"


@pytest.mark.promise("OPS-2.06")
def test_variables_are_filled_in_and_become_what_the_key_needs(tmp_path: Path) -> None:
    text = (
        "server: {port: '${PORT}', host: '${HOST:-localhost}'}\nadmin:\n  issuer: $$ ${NAME}\nlogging:\n  json: ${J}\n"
    )
    found = loaded(tmp_path, text, {"PORT": "81", "NAME": "12", "J": "true"}).config
    assert found.server == Server(host="localhost", port=81)
    assert found.admin.issuer == "$ 12"
    assert found.logging.json is True


@pytest.mark.promise("OPS-2.06")
def test_a_missing_variable_is_an_error_at_its_place(tmp_path: Path) -> None:
    refused = invalid(tmp_path, "store:\n  url: ${DATABASE_URL}\n")
    assert refused.fields == [
        {
            "path": "store.url",
            "message": "the environment variable DATABASE_URL is not set",
            "hint": "Set it, or give a default: ${DATABASE_URL:-default}.",
            "file": str(tmp_path / "config.yaml"),
            "line": 2,
            "column": 8,
        }
    ]


@pytest.mark.promise("OPS-2.08")
@pytest.mark.parametrize(
    "name", ["OPENPACT_SECURITY__STRICT", "OPENPACT_APPROVALS__TIMEOUT", "OPENPACT_STARLARK__APPROVAL__REQUIRED"]
)
def test_the_environment_never_reaches_security_or_approval(tmp_path: Path, name: str) -> None:
    refused = invalid(tmp_path, "security: {strict: true}", {name: "false"})
    (field,) = refused.fields
    assert refused.message == "1 error in the environment"
    assert field["message"] == f"environment {name}: the environment cannot change what decides how safe the rest is"
    assert "file" not in field


def test_a_misspelt_variable_is_refused_and_other_names_are_let_be(tmp_path: Path) -> None:
    (field,) = invalid(tmp_path, "", {"OPENPACT_SERVER__PROT": "1"}).fields
    assert field["hint"] == "Did you mean OPENPACT_SERVER__PORT?"
    assert (
        loaded(tmp_path, "", {"OPENPACT_WORKSPACE": "..", "OPENPACT_CONFIG": "", "OPENPACT_SERVER_PORT": "x"}).config
        == Config()
    )


# Errors


@pytest.mark.promise("OPS-2.04")
@pytest.mark.promise("OPS-2.05")
def test_all_errors_of_all_layers_are_raised_at_once(tmp_path: Path) -> None:
    text = "server:\n  prot: 1\n  port: abc\n  port: 2\nlogging: {level: infos}\nstore: {url: mysql://u:hunter2@h/d}\n"
    refused = invalid(tmp_path, text, {"OPENPACT_AUDIT__CHECKPOINT_EVENTS": "0"}, admin__unlock_minutes="x")
    assert refused.message == "7 errors in config.yaml and the environment and the flags"
    assert refused.hint
    found = [(field.get("line"), field["path"], field.get("hint")) for field in refused.fields]
    assert found == [
        (2, "server.prot", 'Did you mean "port"?'),
        (3, "server.port", "For example: 8080"),
        (4, "server.port", "Keep one of the two."),
        (5, "logging.level", 'Did you mean "info"?'),
        (6, "store.url", "Write sqlite:////absolute/path.db or postgresql://user@host/database."),
        (None, "audit.checkpoint_events", "For example: 1000"),
        (None, "admin.unlock_minutes", "For example: 5"),
    ]
    assert "hunter2" not in json.dumps(refused.fields)


@pytest.mark.promise("OPS-2.03")
def test_one_error_is_told_as_one(tmp_path: Path) -> None:
    assert invalid(tmp_path, "sever: {}").message == "1 error in config.yaml"
    assert invalid(tmp_path, "", {"OPENPACT_SERVER__PORT": "x"}).message == "1 error in the environment"
    assert invalid(tmp_path, "", server__port="x").message == "1 error in the flags"


@pytest.mark.promise("OPS-2.13")
def test_a_file_that_is_not_there_is_not_the_same_as_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        load(file=tmp_path / "gone.yaml", environment={"OPENPACT_SERVER__PORT": "x"}, flags={})
    assert refused.value.message == "2 errors in gone.yaml and the environment"
    assert refused.value.fields[0]["message"] == "there is no such file"


def reason(file: Path) -> str:
    with pytest.raises(ConfigInvalid) as refused:
        load(file=file, environment={}, flags={})
    (field,) = refused.value.fields
    assert field["file"] == str(file)
    assert field["hint"]
    return str(field["message"])


@pytest.mark.promise("OPS-2.13")
def test_what_is_no_readable_file_never_means_the_defaults(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "long").write_text("#" * (1 << 20) + "\n")
    (tmp_path / "latin").write_bytes("admin: {issuer: Bäcker}".encode("latin-1"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert reason(tmp_path / "socket").startswith("the file cannot be read: ")
    assert reason(tmp_path) == "a folder, not a file"
    assert reason(tmp_path / "pipe") == "not a regular file"
    assert reason(Path("/dev/zero")) == "not a regular file"
    assert reason(tmp_path / "loop").startswith("the file cannot be read: ")
    assert reason(tmp_path / "dangling") == "there is no such file"
    assert reason(tmp_path / "long") == "more than 1048576 bytes"
    assert reason(tmp_path / "latin") == "a byte that is not UTF-8"
    assert reason(tmp_path / "a\0b") == "the file cannot be read: not the name of a file"


@pytest.mark.promise("OPS-2.13")
def test_a_file_that_may_not_be_read_never_means_the_defaults() -> None:
    with open_folder() as folder:
        file = folder / "config.yaml"
        file.write_text("security: {strict: true}")
        file.chmod(0)
        with as_somebody_else():
            assert reason(file) == "the file cannot be read: Permission denied"


@given(
    data=st.binary(max_size=200) | st.text(alphabet="serv: port\n\t{}[]'\"#&*!|>-?012${}A", max_size=60).map(str.encode)
)
def test_every_file_is_loaded_or_refused_with_places(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_bytes(data)
        try:
            found = load(file=file, environment={}, flags={})
        except ConfigInvalid as refused:
            fields: list[Mapping[str, Any]] = refused.fields
            assert fields
            assert all(field["line"] >= 1 and field["column"] >= 1 and field["message"] for field in fields)
        else:
            assert isinstance(found.config, Config)


# Showing


@pytest.mark.promise("OPS-2.11")
def test_every_value_is_shown_with_its_origin(tmp_path: Path) -> None:
    found = show(loaded(tmp_path, "server:\n  port: 1\n"))
    assert [setting.key for setting in found] == list(settings.keys(Config))
    assert found[1] == Setting(
        "server.host", "127.0.0.1", "default", "The address to listen on; only this machine unless changed."
    )
    assert (found[2].value, found[2].origin) == (1, f"{tmp_path / 'config.yaml'}:2")


@pytest.mark.promise("OPS-2.12")
def test_a_password_is_masked_wherever_the_configuration_is_shown(tmp_path: Path) -> None:
    found = loaded(tmp_path, "store: {url: '${URL}'}", {"URL": "postgresql://user:hunter2@host/db"})
    assert found.config.store.url == "postgresql://user:hunter2@host/db"
    assert [setting.value for setting in show(found) if setting.key == "store.url"] == ["postgresql://user:***@host/db"]
    assert "hunter2" not in repr(found)
    assert repr(Config().store) == "Store(url=None)"


# Weight


def test_loading_the_module_loads_no_server_and_no_terminal() -> None:
    code = "import sys, openpact.config; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert not {"rich", "starlette", "uvicorn", "click", "structlog", "asyncio", "cryptography"} & set(
        done.stdout.split()
    )


@pytest.mark.promise("OPS-2.17")
def test_the_keys_that_are_there_have_the_names_that_operators_know() -> None:
    known = {"workspace.path", "logging.level", "logging.json", "logging.audit", "store.url", "security.strict"}
    assert known <= set(settings.keys(Config))
