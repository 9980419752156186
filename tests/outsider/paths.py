"""Paths, methods and heads that no honest client sends, at every HTTP listener."""

from target import Attempt

CLIMBING = [
    "/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/....//....//etc/passwd",
    "/..\\..\\etc\\passwd", "/%252e%252e/etc/passwd", "//etc/passwd", "/assets/../../secrets/token-key.pem",
    "/assets/%2e%2e/%2e%2e/secrets/token-key.pem", "/%c0%ae%c0%ae/etc/passwd", "/index.html%00.png", "/.git/config",
    "/.env", "/secrets/token-key.pem", "/tokens.json", "/addresses.json", "/data/tokens.json", "/server-status",
    "/debug/pprof/", "/actuator/env", "/metrics", "/v1/../metrics", "/v1/%2e%2e/readyz", "/admin", "/v1/admin",
    "/?file=/etc/passwd", "/v1/openapi.json/../../../etc/passwd", "/%e6", "/%",
]
METHODS = ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "BREW"]
HEADS = {
    "two lengths": b"POST /v1/indicators HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
    "length and chunks": b"POST /v1/indicators HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/figures HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bad chunk": b"POST /v1/indicators HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    "a huge head": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "ten thousand heads": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n",
    "a long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a zero byte": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a line end in the path": b"GET /v1/figures\r\nX-Forged: yes HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a version of its own": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "bytes that are no text": bytes(range(256)) * 8,
    "TLS where there is none": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a proxy's line": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute address": b"GET http://example.org/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n\r\n",
}


def climbs(target, path):
    """No file of the machine, and nothing of another listener, comes back."""
    for listener in ["http", "admin"]:
        if listener == "admin" and path == "/metrics":
            continue
        status, headers, body = target.http(listener, "GET", path)
        if b"root:" in body or b"PRIVATE KEY" in body or b"eyJ" in body or b"[core]" in body:
            return f"{listener} gave a file away"
        if status == 200 and listener == "http" and path.startswith(("/metrics", "/v1/../metrics")) and b"# TYPE" in body:
            return "metrics stand where readers are"
        if status >= 500:
            return f"{listener} said {status}"
        fell = target.leak(body)
        if fell:
            return fell
    return None


def refuses(target, method):
    for listener, path in [("http", "/v1/figures"), ("http", "/"), ("admin", "/readyz"), ("admin", "/metrics")]:
        status, _, body = target.http(listener, method, path)
        if not 400 <= status < 500:
            return f"{listener}{path} said {status}"
        if b"figures" in body and b"persons" in body:
            return "it gave figures"
    return None


def survives(target, data):
    for listener in ["http", "admin", "grpc", "indicators", "registry"]:
        got = target.raw(listener, data)
        lines = [line for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        if b"X-Forged" in got and b"x-forged: yes" in got.lower().split(b"\r\n\r\n")[0]:
            return f"{listener} took a head from a path"
        if any(line[9:12] == b"200" for line in lines[1:]):
            return f"{listener} answered a smuggled request"
        if any(line[9:10] == b"5" and line[9:12] not in (b"501", b"505") for line in lines):
            return f"{listener} said {lines}"
        fell = target.leak(got)
        if fell:
            return f"{listener}: {fell}"
    return target.alive()


def browser(target):
    """What keeps a page from being used against its reader."""
    wrong = []
    for path in ["/", "/index.html", "/v1/openapi.json", "/v1/indicators"]:
        _, headers, _ = target.http("http", "GET", path, [("origin", "http://evil.example")])
        if headers.get("x-content-type-options") != "nosniff":
            wrong.append(f"{path} may be sniffed")
        if "access-control-allow-origin" in headers:
            wrong.append(f"{path} is open to other origins")
        if "set-cookie" in headers:
            wrong.append(f"{path} sets a cookie")
        if "server" in headers or "x-powered-by" in headers:
            wrong.append(f"{path} names its program")
    policy = target.http("http", "GET", "/")[1].get("content-security-policy", "")
    if "default-src 'none'" not in policy and "default-src 'self'" not in policy:
        wrong.append(f"the page's policy is {policy!r}")
    if "frame-ancestors 'none'" not in policy:
        wrong.append("the page may stand in a frame")
    return "; ".join(wrong) or None


def attempts():
    for path in CLIMBING:
        yield Attempt(10, "paths", repr(path), lambda t, p=path: climbs(t, p))
    for method in METHODS:
        yield Attempt(10, "methods", method, lambda t, m=method: refuses(t, m))
    for name, data in HEADS.items():
        yield Attempt(14, "heads", name, lambda t, d=data: survives(t, d))
    yield Attempt(10, "browser", "another site uses the page", browser)
