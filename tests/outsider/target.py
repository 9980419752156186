"""The system as a stranger meets it: its listeners, and what a client says to them.

Only what is public is used: addresses, the .proto files, and tokens that were given out. Nothing of the
program's own code runs here, so that a mistake in it is not made twice.
"""

import http.client
import importlib
import json
import pathlib
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Callable, Optional

import grpc
import grpc_tools
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
# How long one answer may take. Only an attempt that does not hold waits so long.
PATIENCE = 60
# What no answer may hold: a word of the inside tells a stranger where to dig.
INSIDE = [b"DB::", b"panicked", b"RUST_BACKTRACE", b"/src/", b"BEGIN PRIVATE", b"BEGIN EC", b"SQLSTATE",
          b"stack backtrace", b".key", b"rdkafka", b"tonic::", b"jsonwebtoken"]


@dataclass(frozen=True)
class Attempt:
    """One thing that somebody tries. `run` gives None where it held, else what fell."""

    promise: int
    area: str
    name: str
    run: Callable[["Target"], Optional[str]] = field(repr=False)


class Target:
    """A running system."""

    def __init__(self, data):
        addresses = json.loads((data / "addresses.json").read_text())
        self.addresses = {name: self._parted(address) for name, address in addresses.items()}
        self.tokens = json.loads((data / "tokens.json").read_text())
        # What readers of the indicator database are given.
        users = json.loads((data / "secrets/engine-indicators.json").read_text())
        self.reader = next(user for user in users if user["name"] == "reader")
        self.secrets = self._secrets(data)
        host, port = self.addresses["grpc"]
        self.channel = grpc.insecure_channel(f"{host}:{port}")

    @staticmethod
    def _parted(address):
        host, port = address.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    @staticmethod
    def _secrets(data):
        """The words that must stand in no answer."""
        texts = []
        for file in sorted((data / "secrets").iterdir()):
            content = file.read_bytes().strip()
            if file.suffix in (".key", ".pem") and len(content) >= 16:
                texts.append(content)
        return texts

    def http(self, listener, method, path, headers=(), body=None):
        """An HTTP/1.1 answer: (status, headers, body). The path goes out as it is."""
        connection = http.client.HTTPConnection(*self.addresses[listener], timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def raw(self, listener, data, enough=1 << 16):
        """What comes back for these bytes, until the other side closes or falls silent."""
        with socket.create_connection(self.addresses[listener], timeout=PATIENCE) as line:
            line.sendall(data)
            line.settimeout(2)
            got = b""
            try:
                while len(got) < enough:
                    piece = line.recv(65536)
                    if not piece:
                        break
                    got += piece
            except (TimeoutError, ConnectionError):
                pass
            return got

    def call(self, method, message=b"", metadata=(), timeout=PATIENCE):
        """The status of a gRPC call of these bytes: (code, details, answers)."""
        send = self.channel.unary_stream(method, request_serializer=None, response_deserializer=None)
        try:
            return grpc.StatusCode.OK, "", list(send(message, metadata=metadata, timeout=timeout))
        except grpc.RpcError as error:
            return error.code(), error.details() or "", []

    def bearer(self, name):
        return [("authorization", f"Bearer {self.tokens[name]}")]

    def leak(self, *texts):
        """What of the inside stands in these texts, if anything."""
        for text in texts:
            text = text if isinstance(text, bytes) else str(text).encode()
            for word in INSIDE + self.secrets:
                if word in text:
                    return f"an answer holds {word[:12]!r}"
        return None

    def alive(self):
        """Says what no longer answers, if anything."""
        if self.http("http", "GET", "/v1/openapi.json")[0] != 200:
            return "the report no longer answers"
        code, _, _ = self.call("/grpc.health.v1.Health/Check")
        if code != grpc.StatusCode.OK:
            return f"the gRPC listener no longer answers: {code}"
        if self.http("admin", "GET", "/readyz")[0] != 200:
            return "it is no longer ready"
        return None


def services():
    """The compiled .proto files: every service as {full name: {method: (request class, streams)}}."""
    out = tempfile.mkdtemp(prefix="outsider-")
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    if protoc.main(["protoc", f"-I{PROTO}", f"-I{known}", f"--python_out={out}", *files]) != 0:
        sys.exit("the .proto files do not compile")
    sys.path.insert(0, out)
    found = {}
    for file in files:
        module = importlib.import_module(file.removesuffix(".proto").replace("/", ".") + "_pb2")
        for name, service in module.DESCRIPTOR.services_by_name.items():
            found[service.full_name] = [method.name for method in service.methods]
    return found


def module(name):
    """A compiled .proto file, such as `medvirk.survey.v1.survey_service`."""
    return importlib.import_module(name + "_pb2")
