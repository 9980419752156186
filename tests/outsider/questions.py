"""Questions to the report that try to be something else: SQL, scripts, templates, other people's figures."""

import urllib.parse

from target import Attempt

PARAMETERS = {
    "/v1/figures": ["measure", "indicator", "organisation", "from", "to", "period", "level", "limit", "page"],
    "/v1/series": ["measure", "indicator", "organisation", "period"],
    "/v1/comparison": ["measure", "indicator", "organisation", "level", "from", "to"],
    "/v1/coverage": ["organisation", "measure"],
}
TEXTS = [
    "' OR '1'='1", "'; DROP TABLE indicator; --", "\\'; SELECT 1; --", "1 UNION ALL SELECT version()", "') OR 1=1 --",
    "{x:Identifier}", "file('/etc/passwd')", "${jndi:ldap://x}", "{{7*7}}", "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>", "../../etc/passwd", "\0", "%00", "\u202e", "a" * 8000, "-1", "1e309", "NaN",
    "fit-ors\r\nX-Forged: yes",
]


def asked(target, text):
    """Each text in each parameter is refused or found nowhere; what comes back is no page, and names nothing inside."""
    for path, names in PARAMETERS.items():
        for name in names:
            query = urllib.parse.urlencode({name: text})
            status, headers, body = target.http("http", "GET", f"{path}?{query}", target.bearer("dashboard"))
            where = f"{path}?{name}"
            if status >= 500:
                return f"{where} said {status}"
            kind = headers.get("content-type", "")
            if "json" not in kind:
                return f"{where} came as {kind!r}"
            if headers.get("x-content-type-options") != "nosniff":
                return f"{where} may be taken for another kind than {kind!r}"
            if "x-forged" in headers:
                return f"{where} wrote a head"
            if status == 200 and name in ("measure", "indicator", "organisation", "period", "level", "from", "to"):
                return f"{where} was answered with {body[:60]!r}"
            fell = target.leak(body)
            if fell or b"ClickHouse" in body:
                return f"{where}: {fell or 'names the database'}"
    return None


def unknown(target):
    """What is not a parameter is an error, never ignored: a filter that is ignored shows too much."""
    for path in PARAMETERS:
        status, _, _ = target.http("http", "GET", f"{path}?organisatoin=x", target.bearer("dashboard"))
        if status != 400:
            return f"{path} said {status}"
    return None


def attempts():
    for text in TEXTS:
        yield Attempt(3, "questions", repr(text[:30]), lambda t, x=text: asked(t, x))
    yield Attempt(3, "questions", "a parameter that does not exist", unknown)
