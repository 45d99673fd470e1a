"""Findings as the tests ask for them, and the scripts that several tests look at."""

from typing import Any

from openpact.domain.finding import Finding, Previous, Severity, find
from openpact.domain.metadata import draft_metadata
from tests.domain.outlines import outline

WEATHER = """\
# @name: weather.star
# @description: Get current weather for a city
# @secrets: WEATHER_API_KEY

def get_weather(city):
    key = secrets.get("WEATHER_API_KEY")
    answer = http.get("https://api.weather.example/v1?q=" + city, headers = {"X-Key": key})
    data = json.decode(answer["body"])
    return {"temperature": data["temp"]}
"""

DECLARED = """\
# @secrets: TOKEN, OTHER
# @hosts: a.example *.b.example
# @methods: PUT, DELETE
# @tools: mail.send
secrets.get("TOKEN")
secrets.has("OTHER")
tools.call("mail.send", {})
http.put("https://a.example/" + x)
http.request("delete", "https://api.b.example/")
"""


def found(source: str, *, infer: bool = True, previous: Previous | None = None, **changed: Any) -> list[Finding]:
    return find(source, draft_metadata(source)[0], outline(source, **changed), previous=previous, infer=infer)


def of(code: str, source: str, **changed: Any) -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in found(source, **changed) if each.code == code]


def severities(code: str, source: str) -> list[Severity]:
    return [each.severity for each in found(source) if each.code == code]


def flows(source: str) -> list[str]:
    return [message for _, message in of("secret_flow", source)]
