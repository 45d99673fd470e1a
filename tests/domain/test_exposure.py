"""Every secret is followed to where it goes, every URL to its host, every answer to whoever gets it."""

import pytest

from openpact.domain.remark import Severity
from tests.domain.findings import flows, of, severities

# A function that is defined over and over.
MANY = "\n    ".join(['def many(k):\n        http.get("https://a.example/", k)'] * 10)


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    ("use", "part"),
    [
        ('http.get("https://a.example/", headers = {"A": key})', "header"),
        ('http.get("https://a.example/", {"A": "Bearer " + key})', "header"),
        ('http.get("https://a.example/", {"A": f"Bearer {key}"})', "header"),
        ('http.get("https://a.example/", {"A": "Bearer %s" % key})', "header"),
        ('http.get("https://a.example/", {"A": "Bearer {}".format(key)})', "header"),
        ('http.get("https://a.example/", {"A": "Bearer {k}".format(k = key)})', "header"),
        ('http.get("https://a.example/", {"A": format("Bearer %s", key)})', "header"),
        ('http.get("https://a.example/", {"A": base64.encode(key)})', "header"),
        ('http.get("https://a.example/", {"A": hmac.sha256(key, "x")})', "header"),
        ('http.get("https://a.example/", {"A": http.basic_auth("me", key)})', "header"),
        ('http.get("https://a.example/", {key: "A"})', "header"),
        ('http.get("https://a.example/", dict(a = key))', "header"),
        ('http.get("https://a.example/", {"A": key if x else ""})', "header"),
        ('http.get("https://a.example/", {"A": x or key})', "header"),
        ('http.get("https://a.example/", {"A": (key,)[0]})', "header"),
        ('http.get("https://a.example/", {"A": key[3:]})', "header"),
        ('http.get("https://a.example/", {"A": "".join([c for c in key.elems()])})', "header"),
        ('http.get("https://a.example/", {"A": ",".join(map(lambda c: c, [key]))})', "header"),
        ('http.get("https://a.example/", params = {"k": key})', "query"),
        ('http.get("https://a.example/?k=" + key)', "URL"),
        ('http.get("https://a.example/%s/x" % key)', "URL"),
        ('http.get("https://a.example/", auth = ("me", key))', "basic authentication"),
        ('http.post("https://a.example/", key)', "body"),
        ('http.post("https://a.example/", body = json.encode({"k": [key]}))', "body"),
        ('http.post("https://a.example/", json = {"k": key})', "body"),
        ('http.request(key, "https://a.example/")', "method"),
        ('http.get("https://a.example/", *[key])', "request"),
        ('http.get("https://a.example/", **{"headers": key})', "request"),
        ('http.get("https://a.example/", {}, {}, 1, None, key)', "request"),
        ('h = {}\n    h["A"] = key\n    http.get("https://a.example/", h)', "header"),
        ('h = {}\n    h["A"]["B"] = key\n    http.get("https://a.example/", h)', "header"),
        ('h = {}\n    h.update(A = key)\n    http.get("https://a.example/", h)', "header"),
        ('h = []\n    h.append(key)\n    http.get("https://a.example/", h)', "header"),
        ('h = ""\n    h += key\n    http.get("https://a.example/", h)', "header"),
        ('h = {}\n    h["A"] += key\n    http.get("https://a.example/", h)', "header"),
        ('x, (y, h) = 1, (2, key)\n    http.get("https://a.example/", h)', "header"),
        ('x, h = pair(key)\n    http.get("https://a.example/", h)', "header"),
        ('x, *h = [1, key]\n    http.get("https://a.example/", h)', "header"),
        ('for h in [1, key]:\n        http.get("https://a.example/", h)', "header"),
        ('for x, h in [(1, key)]:\n        http.get("https://a.example/", h)', "header"),
        ('for h in key.elems():\n        http.get("https://a.example/", h)', "header"),
        ('def inner():\n        return {"A": key}\n    http.get("https://a.example/", inner())', "header"),
        ('def inner(k):\n        http.get("https://a.example/", k)\n    inner(key)', "header"),
        ('def inner(*k):\n        http.get("https://a.example/", k)\n    inner(1, key)', "header"),
        ('def inner(**k):\n        http.get("https://a.example/", k)\n    inner(a = key)', "header"),
        ('def inner(a, *, k = 1):\n        http.get("https://a.example/", k)\n    inner(1, k = key)', "header"),
        ('def inner(k = key):\n        http.get("https://a.example/", k)\n    inner()', "header"),
        ('def inner(a, k):\n        http.get("https://a.example/", k)\n    inner(*[1, key])', "header"),
        ('def inner(a, k):\n        http.get("https://a.example/", k)\n    inner(**{"k": key})', "header"),
        ('def inner(k):\n        http.get("https://a.example/", k)\n    f = inner\n    f(key)', "header"),
        ('def inner(k):\n        http.get("https://a.example/", k)\n    map(inner, [key])', "header"),
        ('f = lambda k: http.get("https://a.example/", k)\n    f(key)', "header"),
        (f"{MANY}\n    many(key)", "header"),
        ('s = struct(append = lambda k: http.get("https://a.example/", k))\n    s.append(key)', "header"),
    ],
)
def test_a_secret_is_followed_to_the_request_that_carries_it(use: str, part: str) -> None:
    source = f'# @secrets: TOKEN\n# @hosts: a.example\ndef main(x):\n    key = secrets.get("TOKEN")\n    {use}\n'
    assert f"TOKEN goes to https://a.example in the {part}." in flows(source)


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "use",
    [
        "a, b = [], 1\n    b = a\n    b.append(key)",
        "a = []\n    b = a\n    b += [key]",
        "a = []\n    b = a if x else None\n    b.append(key)",
        "a = {}\n    b = x or a\n    b['k'] = key",
        "a = [x]\n    b = a\n    b[0] += key",
        "a = [x]\n    b = a\n    b[0] += 'k' + key",
        "a = []\n    f = a.append\n    f(key)",
        "a = []\n    f = [a.append]\n    f[0](key)",
        "a = []\n    getattr(a, 'append')(key)",
        "a = []\n    map(a.append, [key])",
        "a = []\n    [f(key) for f in [a.append]]",
        "a = {'x': {}}\n    for d in a.values():\n        d['k'] = key",
        "a = {'x': {}}\n    for n, d in a.items():\n        d.update(k = key)",
        "a = {'x': {}}\n    [d.update(k = key) for d in a.values()]",
        "a = {}\n    a.setdefault('x', []).append(key)",
        "a = {}\n    b = a.setdefault('x', [])\n    b.append(key)",
        "a = []\n    b = (a,)\n    b[0].extend([key])",
        "a = []\n    b, c = [], []\n    c = b\n    c.append(a)\n    b[0].append(key)",
        "a = []\n    b = dict(x = a)\n    b['x'].append(key)",
        "a = []\n    b = [] + [a]\n    b[0].append(key)",
        "a = []\n    b = struct(x = a)\n    b.x.append(key)",
        "a = []\n    b = [*[a]]\n    b[0].append(key)",
        "a = []\n    b = [each for each in [a]]\n    b[0].append(key)",
        "a = {}\n    def add(h):\n        h['k'] = key\n    add(a)",
        "a = {}\n    def add(h, v):\n        h['k'] = v\n    add(a, key)",
        "a = {}\n    def add(h, v):\n        h['k'] = v\n    add(*[a, key])",
        "a = {}\n    def add(h, v):\n        h['k'] = v\n    add(v = key, h = a)",
        "a = {}\n    def add(*h):\n        h[0]['k'] = key\n    add(a)",
        "a = {}\n    def add(h = a):\n        h['k'] = key\n    add()",
        "a = {}\n    add = lambda h: h.update(k = key)\n    add(a)",
        "a = {}\n    def add(h):\n        h['k'] = key\n    f = add\n    f(a)",
        "a = {}\n    def of():\n        return a\n    of()['k'] = key",
        "a = {}\n    def of():\n        return a\n    of()['k'] += key",
        "a = {}\n    def of(h):\n        return h\n    b = of(a)\n    b['k'] = key",
        "a = http.get('https://b.example/')\n    b = a\n    b['k'] = key",
        "a = json.decode('{}')\n    b = a\n    b['k'] = key",
        "a = x\n    b = x\n    b['k'] = key",
    ],
)
def test_what_is_changed_under_another_name_is_followed(use: str) -> None:
    source = f"""\
# @secrets: TOKEN
# @hosts: a.example
def main(x):
    key = secrets.get("TOKEN")
    {use}
    http.post("https://a.example/", json = a)
"""
    assert flows(source) == ["TOKEN goes to https://a.example in the body."]


def test_what_another_script_is_given_may_be_put_into_what_else_it_is_given() -> None:
    source = (
        'load("l.star", "add")\na, b = {}, {}\nadd(a, secrets.get("K"))\nhttp.post("https://a.example/", json = a)\n'
    )
    assert "K goes to https://a.example in the body." in flows(source)


@pytest.mark.parametrize(
    "use",
    [
        "b = {}\n    b['q'] = x\n    b['k'] = key",
        "b = {'x': x, 'k': key}",
        "b = []\n    b.append(x)\n    b.append(key)",
        "b = dict(x)\n    b['k'] = key",
        "b = 'a' + x\n    b += key",
        "b = str(x)\n    b += key",
        "b = {'x': f'{x}', 'y': 'a' + x, 'z': x.strip()}\n    for c in b.values():\n        c += key",
        "b = x\n    b += 'a' + key",
        "b = {}\n    b['x'] = x\n    json.encode(b)\n    c = {'b': json.encode(b)}\n    c['k'] = key",
    ],
)
def test_what_stands_beside_a_secret_is_not_taken_to_hold_it(use: str) -> None:
    source = f'def main(x):\n    key = secrets.get("TOKEN")\n    {use}\n    http.post("https://a.example/", json = x)\n'
    assert flows(source) == []


@pytest.mark.parametrize(
    "use",
    [
        'http.get("https://a.example/", {"A": x})',
        'http.get("https://a.example/", {"A": len(key)})',
        'http.get("https://a.example/", {"A": secrets.has("TOKEN")})',
        'http.get("https://a.example/", {"A": key == x})',
        'answer = http.get("https://b.example/", {"A": key})\n    http.get("https://a.example/", answer)',
        '[key for key in [1]]\n    http.get("https://a.example/", {"A": [key for key in x]})',
        'f()[0] = key\n    f().x += key\n    http.get("https://a.example/", {"A": x})',
        'h = lambda key: key\n    http.get("https://a.example/", {"A": x})',
        'http.get("https://a.example/", timeout = len(key))',
    ],
)
def test_what_holds_no_secret_is_not_called_a_flow(use: str) -> None:
    source = f'def main(x):\n    key = secrets.get("TOKEN")\n    {use}\n'
    assert [each for each in flows(source) if "a.example" in each] == []


@pytest.mark.promise("SCR-8.03")
def test_a_flow_is_as_grave_as_its_host() -> None:
    begin = '# @secrets: TOKEN\n# @hosts: a.example\nkey = {"A": secrets.get(name = "TOKEN")}\n'
    assert severities("secret_flow", begin + 'http.get("https://a.example/", key)') == [Severity.NOTE]
    assert severities("secret_flow", begin + 'http.get("http://a.example/", key)') == [Severity.HIGH]
    assert severities("secret_flow", begin + "http.get(x, key)") == [Severity.HIGH]
    assert severities("secret_flow", begin + "http.get(*x, headers = key)") == [Severity.HIGH]
    assert severities("secret_flow", begin + 'http.get("https://a@b.example/", key)') == [Severity.HIGH]
    assert severities("secret_flow", begin + 'http.get("https://xn--a-ecp.example/", key)') == [Severity.MEDIUM]
    two = begin + 'http.get("https://a.example/" if x else "https://b.example/", key)'
    assert flows(two) == [f"TOKEN goes to https://{host}.example in the header." for host in "ab"]


def test_each_secret_has_a_flow_of_its_own() -> None:
    source = 'http.get("https://a.example/", {"A": secrets.get("ONE"), "B": secrets.get("TWO"), "C": secrets.get(x)})'
    assert flows(source) == [
        "A secret whose name is computed goes to https://a.example in the header.",
        "ONE goes to https://a.example in the header.",
        "TWO goes to https://a.example in the header.",
    ]
    assert of("secret_name_computed", source) == [
        (1, "Which secret is read here is computed; any of the declared ones may be.")
    ]


def test_a_secret_that_goes_out_of_sight_is_a_flow() -> None:
    source = 'load("lib/a.star", "send", other = "o")\nkey = secrets.get("TOKEN")\nsend(key)\nother(k = key)\n'
    assert [line for line, _ in of("secret_flow", source)] == [3, 4]
    assert [line for line, _ in of("secret_flow", 'tools.call("a.b", {"k": secrets.get("TOKEN")})')] == [1]


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize("where", ['"https://a.example/?k=" + key', '"https://a.example/", params = {"k": key}'])
def test_a_secret_in_a_url_is_called_readable(where: str) -> None:
    source = f'key = secrets.get("TOKEN")\nhttp.get({where})'
    assert severities("secret_in_readable_place", source) == [Severity.MEDIUM]
    assert of("secret_in_readable_place", 'http.get("https://a.example/", {"A": secrets.get("TOKEN")})') == []


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "url",
    [
        "x",
        '"https://" + x',
        '"https://a.example" + x',
        'f"https://{x}/"',
        'x + "/v1"',
        '"{}/v1".format(x)',
        '"{}/v1".format()',
        '"{}".format(x)',
        '"{}/v1".format(*x)',
        '"{y}/v1".format(x = 1)',
        '"%s/v1" % x',
        '"/v1"',
        "f''",
        "x - 1",
        "URLS[0]",
        "x.y",
        "unknown(x)",
        "format()",
        "str()",
        '"https://a.example/" if x else x',
        '"".join(["https://a.example/"])',
        'url.quote("https://a.example/")',
        "None",
    ],
)
def test_a_url_whose_host_cannot_be_seen_is_computed(url: str) -> None:
    assert [line for line, _ in of("computed_url", f"def main(x):\n    http.get({url})\n")] == [2]


def test_a_computed_url_weighs_more_beside_a_secret() -> None:
    assert severities("computed_url", "http.get(x)") == [Severity.MEDIUM]
    assert severities("computed_url", "# @secrets: A\nhttp.get(x)") == [Severity.HIGH]
    assert severities("computed_url", "http.get(*x)") == [Severity.MEDIUM]


@pytest.mark.parametrize(
    "source",
    [
        'http.get("https://a.example/" + x)',
        'def _get(url):\n    return http.get(url)\ndef main(x):\n    return _get("https://a.example/" + x)["status"]',
        'u = "https://a.example/"\nu += x\nhttp.get(u)',
        'u = "https://a.example"\nhttp.get(u)',
        "def _get(a, *, b, c = 'https://a.example/', d):\n    http.get(c)",
        '_f = [http.get(u) for u in ["https://a.example/", "https://b.example/"]]',
    ],
)
def test_a_url_whose_host_can_be_seen_is_not_computed(source: str) -> None:
    assert of("computed_url", source) == []


@pytest.mark.parametrize(
    "source",
    [
        "def get(url):\n    http.get(url)\ndef main():\n    get('https://a.example/')",
        "def _get(url):\n    http.get(url)\nf = _get\n_get('https://a.example/')",
        "def _get(*url):\n    http.get(url)\n_get('https://a.example/')",
        "def _get(url):\n    http.get(url)\n_get(*['https://a.example/'])",
        "def _f():\n    return 'https://a.example/'\n_f = other\nhttp.get(_f())",
        "u = 'https://a.example/'\nu *= 2\nhttp.get(u)",
        "u, v = x\nhttp.get(u)",
        "def _get(url):\n    http.get(url)",
        "def _get(a, *, b, c = 'https://a.example/', d):\n    http.get(d)",
        "for u in x:\n    http.get(u)",
        "for u in ['https://a.example/', *x]:\n    http.get(u)",
        "load('lib/a.star', 'u')\nhttp.get(u)",
        "u = lambda: 'https://a.example/'\nhttp.get(u())",
        "u = " + " or ".join(["'https://a.example/'"] * 200) + "\nhttp.get(u)",
    ],
    ids=lambda source: source[:60],
)
def test_what_may_be_something_else_makes_a_url_computed(source: str) -> None:
    assert len(of("computed_url", source)) == 1


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com@evil.example/",
        "https://api.example.com\\\\@evil.example/",
        "https://127.1/",
        "https://a:0/",
    ],
)
def test_a_url_that_deceives_is_told(url: str) -> None:
    assert severities("misleading_url", f'http.get("{url}")') == [Severity.HIGH]


@pytest.mark.promise("SCR-8.03")
def test_what_goes_in_the_clear_is_told_where_it_stands() -> None:
    source = '# @hosts: http://a.example\nhttp.get("http://a.example/")'
    told = "What is sent to http://a.example can be read and changed on its way."
    assert of("plain_http", source) == [(1, told), (2, told)]
    assert of("plain_http", 'http.get("https://a.example/")') == []


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "line",
    [
        "f = http.get",
        "h = http",
        "getattr(http, 'get')('https://a.example/')",
        "f(secrets)",
        "[tools]",
        "http.get.x",
        "http = 1",
        "def secrets():\n    pass",
        "def f(tools):\n    pass",
        "[1 for http in x]",
        "load('lib/a.star', 'http')",
    ],
)
def test_what_hides_a_call_is_told(line: str) -> None:
    assert Severity.HIGH in severities("not_followed", line)


def test_what_is_called_by_its_name_hides_nothing() -> None:
    assert (
        of("not_followed", 'def f(url):\n    http.get(url)\n    secrets.get("A")\n    x.http = 1\n    y = {"http": 1}')
        == []
    )


@pytest.mark.promise("SCR-8.03")
@pytest.mark.parametrize(
    "use",
    [
        "return answer",
        'return answer["body"]',
        'return json.decode(answer["body"])',
        'return {"status": 1, "data": [answer["body"]]}',
        'return str(answer if x else "")',
        "data = json.decode(answer['body'])\n    return data",
        "def _inner():\n        return answer\n    return _inner()",
        "kept = {}\n    also = kept\n    also['a'] = answer\n    return kept",
    ],
)
def test_an_answer_that_is_given_back_whole_is_told(use: str) -> None:
    source = f'def main(x):\n    answer = http.get("https://a.example/")\n    {use}\n'
    assert severities("response_returned_whole", source) == [Severity.LOW]


@pytest.mark.parametrize(
    "use",
    [
        'return answer["status"]',
        'return json.decode(answer["body"])["temp"]',
        'return {"temp": json.decode(answer["body"])["temp"]}',
        "return len(answer)",
        "return unknown(answer)",
        "return answer.get(x)",
        "kept = {'n': 1}\n    kept['a'] = answer\n    return kept.get('n')",
        "print(answer)",
        "return",
    ],
)
def test_an_answer_of_which_a_part_is_given_back_is_not_told(use: str) -> None:
    source = f'def main(x):\n    answer = http.get("https://a.example/")\n    {use}\n'
    assert of("response_returned_whole", source) == []


def test_only_what_leaves_the_script_is_given_back() -> None:
    assert of("response_returned_whole", 'def _get():\n    return http.get("https://a.example/")\n') == []
    assert len(of("response_returned_whole", 'result = http.get("https://a.example/")')) == 1
    assert of("response_returned_whole", 'answer = http.get("https://a.example/")') == []
    assert of("response_returned_whole", 'def main():\n    result = http.get("https://a.example/")\n') == []


def test_more_secrets_than_a_script_can_declare_are_not_all_followed() -> None:
    source = "\n".join(f'http.get("https://a.example/", {{"A": secrets.get("S{number}")}})' for number in range(70))
    assert [message for _, message in of("not_analysed", source)] == [
        "More than 64 secrets are read; the flow of the others was not looked at."
    ]
    assert len(flows(source)) == 64
