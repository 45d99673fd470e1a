"""A host is inferred only where the source names it whole, for everybody to see; a secret goes only where it feeds."""

import pytest

from openpact.domain.destination import Destination
from openpact.domain.inference import infer
from tests.domain.outlines import outline

API = ("https://api.example.com", True)
NAMED = ("https://api.example.com", False)


def inferred(source: str) -> list[tuple[str, bool]]:
    return [(host.place.origin, host.feeds) for host in infer(source, outline(source))]


@pytest.mark.promise("SCR-1.06")
def test_the_scripts_of_the_first_pages_reach_the_hosts_they_name() -> None:
    source = """\
# @name: weather.star
# @secrets: WEATHER_API_KEY

def get_weather(city):
    key = secrets.get("WEATHER_API_KEY")
    answer = http.get("https://api.weatherapi.com/v1/current.json?key=%s&q=%s" % (key, url.quote(city)))
    return json.decode(answer["body"])["current"]["temp_c"]

http.get("https://api.example.com/data")
http.post("https://webhook.example.com", body=data)
"""
    found = infer(source, outline(source))
    assert [(host.place, host.line, host.column, host.feeds) for host in found] == [
        (Destination("https", "api.weatherapi.com", 443), 6, 23, True),
        (Destination("https", "api.example.com", 443), 9, 10, True),
        (Destination("https", "webhook.example.com", 443), 10, 11, True),
    ]


@pytest.mark.promise("SCR-1.06", "SCR-1.07")
@pytest.mark.parametrize(
    "source",
    [
        'http.get("https://api.example.com")',
        'http.get("https://api.example.com/")',
        'http.get("https://api.example.com?q=1")',
        'http.get("https://api.example.com#top")',
        'http.get("https://API.example.com/v1")',
        'http.get(url = "https://api.example.com/v1")',
        'http.get("https://api.example.com/{}".format(x))',
        'http.get("https://api.example.com/%s" % x)',
        'http.get(format("https://api.example.com/%s", x))',
        'http.get(f"https://api.example.com/{x}")',
        'http.get("https://api.example.com/" + x)',
        'http.get("https://api.example.com" + "/v1/" + x)',
        'http.get("https://api.example.com" + ("/v1/" + x))',
        'http.get("https://api.example.com" + f"/v1/{x}")',
        'http.get("https://api.example.com" + ("/a" if x else "?b"))',
        'PATH = "/v1"\nhttp.get("https://api.example.com" + PATH)',
        'PATH = "/v1"\nhttp.get(f"https://api.example.com{PATH}")',
        'http.request("GET", "https://api.example.com/v1")',
        'http.request(method = "GET", url = "https://api.example.com/v1")',
        'http.delete("https://api.example.com/v1")',
        'http.get(str("https://api.example.com/v1"))',
        'http.get(x or "https://api.example.com/v1")',
        'BASE = "https://api.example.com"\nhttp.get(BASE + "/v1")',
        'BASE = "https://api.example.com"\nhttp.get(BASE)',
        'BASE = "https://api.example.com"\nhttp.get(f"{BASE}/v1/{x}")',
        'BASE = "https://api.example.com"\nhttp.get("{}/v1".format(BASE))',
        'BASE = "https://api.example.com"\nhttp.get("{0}/v1".format(BASE))',
        'BASE = "https://api.example.com"\nhttp.get("{base}/v1".format(base = BASE))',
        'BASE = "https://api.example.com"\nhttp.get("%s/v1" % BASE)',
        'BASE = "https://api.example.com"\nhttp.get("%s/v1?q=%s" % (BASE, x))',
        'BASE = "https://api.example.com"\nhttp.get(format("%s/v1/%d", BASE, 5))',
        'BASE = "https://api.example.com"\nBASE += "/v1"\nhttp.get(BASE)',
        'def f():\n    base = "https://api.example.com/"\n    url = base + "v1"\n    return http.get(url)',
        'def f():\n    base, x = "https://api.example.com/", 1\n    return http.get(base)',
        'def f(url):\n    return http.get(url)\nf("https://api.example.com/v1")',
        'def f(url = "https://api.example.com/v1"):\n    return http.get(url)',
        'def f(*, url = "https://api.example.com/v1"):\n    return http.get(url)',
        'def f(x, *, url):\n    return http.get(url)\nf(1, url = "https://api.example.com/v1")',
        'def _address(x):\n    return "https://api.example.com/" + x\nhttp.get(_address(1))',
        'for url in ["https://api.example.com/a"]:\n    http.get(url)',
        '[http.get(url)["body"] for url in ["https://api.example.com/a", x]]',
        'def f(x):\n    url = "https://api.example.com/a"\n    return [http.get(url) for x in [1]]',
        'http.get("""https://api.example.com/\n""")',
    ],
)
def test_a_whole_host_that_feeds_a_call_is_inferred(source: str) -> None:
    assert inferred(source) == [API]


@pytest.mark.promise("SCR-1.07")
@pytest.mark.parametrize(
    "source",
    [
        'x = "https://api.example.com/v1"',
        'print("https://api.example.com/v1")',
        'http.post(x, "https://api.example.com/v1")',
        'http.get(x, params = {"to": "https://api.example.com/v1"})',
        'http.get(x, headers = {"Referer": "https://api.example.com/"})',
        'http.get(URLS["a"] + "https://other.example/")\nx = "https://api.example.com/v1"',
        'X = "https://api.example.com/"\nhttp.get(x + "/?next=" + X)',
        'X = "https://api.example.com/"\nhttp.get("%s/%s" % (x, X))',
        'X = "https://api.example.com/"\nhttp.get("{x}/{y}".format(y = X, x = x))',
        'http = other\nhttp.get("https://api.example.com/v1")',
        'def http(x):\n    pass\nhttp.get("https://api.example.com/v1")',
        'def f(http):\n    http.get("https://api.example.com/v1")',
        'load("lib/a.star", "http")\nhttp.get("https://api.example.com/v1")',
        'load("lib/a.star", http = "h")\nhttp.get("https://api.example.com/v1")',
        'def f(url):\n    url = "https://api.example.com/v1"\n    return 1\ndef g(url):\n    return http.get(url)',
        'url = "https://api.example.com/v1"\ndef g(url):\n    return http.get(url)',
        'url = "https://api.example.com/v1"\n[http.get(url) for url in x]',
        'url = "https://api.example.com/v1"\nh = lambda url: http.get(url)',
        'URLS = ["https://api.example.com/v1"]\nhttp.get(URLS[0])',
        'http.get(*["https://api.example.com/v1"])',
        'http.get(**{"url": "https://api.example.com/v1"})',
        'http.other("https://api.example.com/v1")',
        'http.basic_auth("https://api.example.com/v1", x)',
        'other.get("https://api.example.com/v1")',
        'http.get("https://api.example.com/v1".upper())',
        'http.get("https://api.example.com/v1"[0:])',
        'http.get(["https://api.example.com/v1"])',
    ],
)
def test_a_whole_host_that_feeds_no_call_is_named_and_gets_no_secret(source: str) -> None:
    assert inferred(source) == [NAMED]


@pytest.mark.promise("SCR-1.06")
@pytest.mark.parametrize(
    "source",
    [
        # not code
        '# http.get("https://api.example.com/")',
        '"""https://api.example.com/"""',
        'def f():\n    "https://api.example.com/"\n    return 1',
        # not whole
        'http.get("https://api.example.com" + x)',
        'http.get(("https://api.example.com" + x) + "/v1")',
        'http.get("https://api.example.com" + ".evil.example/")',
        'http.get("https://api.example.com" + ":8080/")',
        'http.get("https://api.example.com" + "@evil.example/")',
        'http.get("https://api" + ".example.com/")',
        'http.get(f"https://api.example.com{x}")',
        'http.get(f"https://{x}.example.com/")',
        'http.get("https://{}.example.com/".format(x))',
        'http.get("https://api.example.{}/".format(x))',
        'http.get("https://api.example.com{}".format(x))',
        'http.get("https://api.example.com%s" % x)',
        'http.get("https://%s/" % x)',
        'http.get("https://api.example.com:{}/".format(x))',
        'http.get("https://api.example.com:" + x)',
        'B = "https://api.example.com"\nhttp.get(B + x)',
        'B = "https://api.example.com"\nhttp.get(B + ("/a" if x else x))',
        'B = "https://api.example.com"\nhttp.get(f"{B}{x}")',
        'B = "https://api.example.com"\nhttp.get(f"{B}.evil.example/")',
        'B = "https://api.example.com"\nhttp.get("{}.evil.example/".format(B))',
        'B = "https://api.example.com"\nhttp.get("%s.evil.example/" % B)',
        'B = "https://api.example.com"\nhttp.get(format("%s%s", B, x))',
        'B = "https://api.example.com"\nB += x\nhttp.get(B)',
        'B = "https://api.example.com"\nhttp.get(B + x)\nB += "/v1"',
        'B = "https://api.example.com"\nC = B\nhttp.get(C + x)',
        'def f(base):\n    return http.get(base + x)\nf("https://api.example.com")',
        'def f(base = "https://api.example.com"):\n    return http.get(base + x)',
        'def f():\n    return "https://api.example.com"\nhttp.get(f() + x)',
        # behind another text
        'http.get("https://{}?x=".format(x) + "https://api.example.com/")',
        'http.get(x + "https://api.example.com/")',
        'http.get("" + "https://api.example.com/")',
        'http.get(x + ("https://api.example.com/" + y))',
        'http.get(f"{x}https://api.example.com/")',
        # not what it looks like
        'http.get("https://api.example.com@evil/")',
        'http.get("https://user:password@api.example.com/")',
        'http.get("https://api.example.com\\\\@evil.example/")',
        'http.get("https://api.example.com\\t/")',
        'http.get("https://*.example.com/")',
        'http.get("https://api.example.com:99999/")',
        'http.get("https://api.example.com:/")',
        'http.get("https://")',
        'http.get("https:///path")',
        'http.get("https://[::1/")',
        'http.get("https://2130706433/")',
        'http.get("https://0x7f.1/")',
        'http.get("https://\u0430pi.example.com/")',
        'http.get("https://b\u00fccher.example/")',
        'http.get("https://xn--bcher-kva.example/")',
        'http.get("https://api.example.com\u3002evil.example/")',
        'http.get("https://\\x61pi.example.com/")',
        'http.get("\\150ttps://api.example.com/")',
        'http.get("https://api.example\\\n.com/")',
        # another scheme, or none
        'http.get("http://api.example.com/")',
        'http.get("HTTPS://api.example.com/")',
        'http.get("//api.example.com/")',
        'http.get(" https://api.example.com/")',
        'http.get("see https://api.example.com/")',
        'http.get("ftp://api.example.com/")',
        "http.get(1)",
        "http.get()",
    ],
    ids=ascii,
)
def test_a_host_that_is_hidden_cut_or_lengthened_is_not_inferred(source: str) -> None:
    assert inferred(source) == []


def test_a_host_is_told_once_and_feeding_counts() -> None:
    source = 'print("https://api.example.com/a")\nhttp.get("https://api.example.com/b")\nhttp.get("https://api.example.com/c")'
    found = infer(source, outline(source))
    assert [(host.line, host.feeds) for host in found] == [(2, True)]


def test_ports_make_different_hosts() -> None:
    assert inferred('http.get("https://api.example.com:8443/")\nhttp.get("https://api.example.com:443/")') == [
        ("https://api.example.com:8443", True),
        API,
    ]


def test_nothing_is_inferred_from_what_cannot_be_analysed() -> None:
    source = 'http.get("https://api.example.com/")'
    assert infer(source, outline(source, ok=False)) == ()
    assert infer(source, outline(source, nodes=None)) == ()
    assert infer(source, outline(source, truncated=True)) == ()


def test_a_tree_that_does_not_stand_in_the_source_infers_nothing() -> None:
    told = outline('http.get("https://evil.example/")')
    assert infer('http.get("https://api.example.com/")', told) == ()
    assert infer("\n" * 500 + '# "https://evil.example/"', told) == ()


def test_a_string_that_goes_over_very_many_lines_infers_nothing() -> None:
    lines = "\n" * 300
    assert inferred(f'http.get("""https://api.example.com/{lines}""")') == []


def test_there_are_at_most_64_inferred_hosts() -> None:
    source = "\n".join(f'http.get("https://h{number}.example/")' for number in range(100))
    assert len(inferred(source)) == 64
