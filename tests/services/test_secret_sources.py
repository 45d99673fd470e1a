"""Secrets from the configuration and the environment: read at the start, or the start is refused."""

from pathlib import Path

import pytest

from openpact.config import load
from openpact.domain import errors, instant
from openpact.domain.secret import Mode, Place, read_grant
from openpact.services.secret_sources import Given, read_given

VALUE = "a value that nobody sees"


def given(folder: Path, text: str = "", **environment: str) -> dict[str, Given]:
    file = folder / "config.yaml"
    file.write_text(text)
    loaded = load(file=file, environment=environment, flags={})
    return read_given(loaded.config.starlark.secrets, environment)


@pytest.mark.promise("SCR-4.05")
def test_the_configuration_gives_a_value_alone_or_with_its_grant(tmp_path: Path) -> None:
    text = """
starlark:
  secrets:
    A_KEY: "${A}"
    B_KEY:
      value: "${B}"
      hosts: [api.example.com]
      scripts: ["weather*"]
      in: [header, basic]
      mode: plain
      expires: 2027-01-31
    C_KEY: {value: tiny, short: true}
"""
    found = given(tmp_path, text, A=VALUE, B=VALUE + "!")

    assert {name: (each.source, each.origin) for name, each in found.items()} == {
        name: ("configuration", f"starlark.secrets.{name}") for name in ("A_KEY", "B_KEY", "C_KEY")
    }
    assert found["A_KEY"].secret.value == VALUE
    secret = found["B_KEY"].secret
    assert (secret.value, secret.mode) == (VALUE + "!", Mode.PLAIN)
    assert secret.grant == read_grant(hosts=("api.example.com",), scripts=("weather*",), places=("header", "basic"))
    assert secret.grant.places == {Place.HEADER, Place.BASIC}
    assert secret.expires_at == instant.from_text("2027-01-31T00:00:00Z")
    assert not found["C_KEY"].secret.scrubbed


@pytest.mark.promise("SCR-4.05", "OPS-2.05")
def test_an_unset_variable_stops_the_start_with_its_key_and_line(tmp_path: Path) -> None:
    text = 'starlark:\n  secrets:\n    A_KEY: "${A}"\n    B_KEY: {value: "${B}"}\n'
    with pytest.raises(errors.ConfigInvalid) as refusal:
        given(tmp_path, text)

    assert [(field["path"], field["line"]) for field in refusal.value.fields] == [
        ("starlark.secrets.A_KEY", 3),
        ("starlark.secrets.B_KEY.value", 4),
    ]


@pytest.mark.promise("SCR-4.04", "SCR-4.05")
@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("a_key: hunter2hunter2", "a_key"),
        ("A_FILE: hunter2hunter2", "A_FILE"),
        ("A_KEY: hunter2", "A_KEY"),
        ("A_KEY: {value: hunter2}", "A_KEY"),
        ("A_KEY: {value: hunter2hunter2, hosts: ['*']}", "A_KEY"),
        ("A_KEY: {value: hunter2hunter2, scripts: ['[a']}", "A_KEY"),
        ("A_KEY: {value: hunter2hunter2, in: [url]}", "A_KEY"),
        ("A_KEY: {value: hunter2hunter2, mode: open}", "A_KEY.mode"),
        ("A_KEY: {value: hunter2hunter2, expires: soon}", "A_KEY"),
        ("A_KEY: {value: hunter2hunter2, host: [x]}", "A_KEY.host"),
        ("A_KEY: {hosts: [a.example]}", "A_KEY.value"),
        ("A_KEY: [hunter2hunter2]", "A_KEY"),
    ],
)
def test_what_is_wrong_stops_the_start_and_repeats_no_value(tmp_path: Path, entry: str, path: str) -> None:
    with pytest.raises(errors.ConfigInvalid) as refusal:
        given(tmp_path, f"starlark:\n  secrets:\n    {entry}\n")

    (field,) = refusal.value.fields
    assert (field["path"], field["line"]) == (f"starlark.secrets.{path}", 3)
    assert "hunter2" not in repr(refusal.value.fields) + refusal.value.message


@pytest.mark.promise("SCR-4.05")
def test_the_environment_gives_a_value_or_names_its_file(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text(VALUE + "\n")

    found = given(tmp_path, OPENPACT_SECRET_A__KEY=VALUE, OPENPACT_SECRET_B_KEY_FILE=str(file), OPENPACT_SECRETX="x")

    assert {name: (each.secret.value, each.source, each.origin) for name, each in found.items()} == {
        "A__KEY": (VALUE, "environment", "OPENPACT_SECRET_A__KEY"),
        "B_KEY": (VALUE, "environment", "OPENPACT_SECRET_B_KEY_FILE"),
    }


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"12345678\n\n", "12345678\n"),
        (b"12345678\r\n", "12345678"),
        (b"12345678", "12345678"),
        (b"1234\n5678\n", "1234\n5678"),
    ],
)
def test_one_line_end_behind_the_value_is_the_file_s(tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "value").write_bytes(content)
    assert given(tmp_path, OPENPACT_SECRET_A_KEY_FILE=str(tmp_path / "value"))["A_KEY"].secret.value == value


@pytest.mark.promise("SCR-4.04", "SCR-4.05")
def test_everything_that_is_wrong_in_the_environment_is_told_at_once_without_values(tmp_path: Path) -> None:
    files = {"BINARY": b"\xff\xfe hunter2", "LONG": b"hunter2" * 20_000, "EMPTY": b""}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    wrong = {
        "OPENPACT_SECRET_A_KEY": "hunter2",
        "OPENPACT_SECRET_lower": "hunter2hunter2",
        "OPENPACT_SECRET_": "hunter2hunter2",
        "OPENPACT_SECRET_HALF": "hunter2\udcff",
        "OPENPACT_SECRET_GONE_FILE": str(tmp_path / "gone"),
        "OPENPACT_SECRET_FOLDER_FILE": str(tmp_path),
        "OPENPACT_SECRET_NUL_FILE": "hunter2\0x",
        "OPENPACT_SECRET_TWICE": "hunter2hunter2",
        "OPENPACT_SECRET_TWICE_FILE": str(tmp_path / "LONG"),
        **{f"OPENPACT_SECRET_{name}_FILE": str(tmp_path / name) for name in files},
    }
    with pytest.raises(errors.ConfigInvalid, match="11 secrets of the environment") as refusal:
        read_given({}, wrong)

    assert [field["path"] for field in refusal.value.fields] == sorted(set(wrong) - {"OPENPACT_SECRET_TWICE"})
    assert "hunter2" not in repr(refusal.value.fields)


def test_a_name_with_two_sources_is_refused_because_one_would_take_the_other_s_grant_away(tmp_path: Path) -> None:
    text = 'starlark: {secrets: {A_KEY: {value: "0123456789", hosts: [api.example.com]}}}'
    with pytest.raises(errors.ConfigInvalid) as refusal:
        given(tmp_path, text, OPENPACT_SECRET_A_KEY=VALUE)

    (field,) = refusal.value.fields
    assert field["path"] == "OPENPACT_SECRET_A_KEY"
    assert "starlark.secrets.A_KEY gives this secret too" in str(field["message"])


def test_a_pipe_in_the_place_of_the_file_does_not_hold_the_start_up(tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - beside its use

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.ConfigInvalid):
        read_given({}, {"OPENPACT_SECRET_A_KEY_FILE": str(tmp_path / "pipe")})


@pytest.mark.promise("SCR-4.04")
def test_no_value_stands_in_a_repr(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f'starlark: {{secrets: {{A_KEY: "{VALUE}", B_KEY: {{value: "{VALUE}"}}}}}}')
    loaded = load(file=file, environment={}, flags={})

    assert VALUE not in repr(loaded) + repr(loaded.config.starlark.secrets["B_KEY"])
    assert VALUE not in repr(read_given(loaded.config.starlark.secrets, {}))
