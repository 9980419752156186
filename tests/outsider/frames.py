"""HTTP/2 and gRPC below what a library would send: bombs, floods, broken frames, wrong lengths."""

import socket
import struct
import zlib

import grpc
import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame,
                              RstStreamFrame, SettingsFrame, WindowUpdateFrame)

from target import PATIENCE, Attempt

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
METHOD = "/medvirk.feedback.v1.FeedbackService/SubmitSession"
MEBIBYTE = 1 << 20


class Line:
    """One connection that speaks frames."""

    def __init__(self, target, listener="grpc"):
        self.socket = socket.create_connection(target.addresses[listener], timeout=PATIENCE)
        self.coder = hpack.Encoder()
        self.send(PREFACE, SettingsFrame(0))

    def send(self, *parts):
        """True if they went out: a closed line is an answer too."""
        data = b"".join(part.serialize() if isinstance(part, Frame) else part for part in parts)
        try:
            self.socket.sendall(data)
            return True
        except (ConnectionError, TimeoutError):
            return False

    def head(self, stream, path=METHOD, extra=(), end=False):
        heads = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
                 ("content-type", "application/grpc"), ("te", "trailers"), *extra]
        flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
        return HeadersFrame(stream, self.coder.encode(heads), flags=flags)

    def closes(self):
        """Reads until the other side closes. False if it goes on for ever."""
        self.socket.settimeout(PATIENCE)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def close(self):
        self.socket.close()


def message(content, compressed=False, length=None):
    return struct.pack(">BI", int(compressed), len(content) if length is None else length) + content


def zeros(mebibytes):
    """So many mebibytes of zeros, packed piece by piece: they never stand in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(MEBIBYTE)
    return b"".join(packer.compress(piece) for _ in range(mebibytes)) + packer.flush()


def answered(target, content, extra, allowed):
    """The answer to this body with a good token is one of these codes."""
    line = Line(target)
    token = ("authorization", f"Bearer {target.tokens['tablet']}")
    line.send(line.head(1, extra=[token, *extra]))
    for start in range(0, len(content), 16_000):
        if not line.send(DataFrame(1, content[start:start + 16_000])):
            break
    line.send(DataFrame(1, b"", flags=["END_STREAM"]))
    status = read_status(line)
    line.close()
    if status not in allowed:
        return f"it said {status}"
    return target.alive()


def read_status(line):
    """The gRPC status of stream 1, "reset" or "closed"."""
    decoder, buffer = hpack.Decoder(), b""
    line.socket.settimeout(PATIENCE)
    while True:
        try:
            piece = line.socket.recv(65536)
        except (ConnectionError, TimeoutError):
            return "closed"
        if not piece:
            return "closed"
        buffer += piece
        while len(buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(buffer[:9]))
            if len(buffer) < 9 + length:
                break
            frame.parse_body(memoryview(buffer[9:9 + length]))
            buffer = buffer[9 + length:]
            if isinstance(frame, HeadersFrame):
                heads = dict(decoder.decode(frame.data))
                if "grpc-status" in heads:
                    return int(heads["grpc-status"])
                if heads.get(":status", "200") != "200":
                    return f"HTTP {heads[':status']}"
            elif isinstance(frame, RstStreamFrame):
                return "reset"
            elif isinstance(frame, GoAwayFrame) and frame.error_code:
                return "closed"


INVALID, EXHAUSTED, INTERNAL, UNIMPLEMENTED, OUT_OF_RANGE = 3, 8, 13, 12, 11
BODIES = {
    # name: (body, heads, codes that are a refusal)
    "a message of four gigabytes": (message(b"", length=0xFFFFFFFF), [], {INVALID, EXHAUSTED, OUT_OF_RANGE, INTERNAL, "reset"}),
    "a message that ends early": (message(b"abc", length=100), [], {INVALID, INTERNAL, "reset"}),
    "half a head": (b"\0\0", [], {INVALID, INTERNAL, "reset"}),
    "packed without saying how": (message(zeros(1), True), [], {INVALID, INTERNAL, UNIMPLEMENTED}),
    "packed in an unknown way": (message(b"x", True), [("grpc-encoding", "zip-bomb")], {UNIMPLEMENTED, INVALID}),
    "packed, but it is not": (message(b"not gzip", True), [("grpc-encoding", "gzip")], {INVALID, INTERNAL}),
    "a flag of 7": (b"\7\0\0\0\0", [], {INVALID, INTERNAL}),
    "a gigabyte of zeros in a mebibyte": (message(zeros(1024), True), [("grpc-encoding", "gzip")], {INVALID, EXHAUSTED, OUT_OF_RANGE, INTERNAL, "reset", "closed"}),
    "64 MiB unpacked": (message(bytes(64 * MEBIBYTE)), [], {EXHAUSTED, OUT_OF_RANGE, "reset", "closed"}),
    "bytes that are no message": (message(b"\xff" * 100), [], {INVALID}),
    "a varint without end": (message(b"\x08" + b"\xff" * 40), [], {INVALID}),
    "messages in each other, a thousand deep": (message(b"\x0b" * 1000), [], {INVALID}),
    "a length that is negative": (message(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), [], {INVALID}),
    "text that is no UTF-8": (message(b"\x0a\x04\xff\xfe\xfd\xfc"), [], {INVALID}),
}


def flood(frames_of, times):
    """Sends frames again and again; the server goes on for everybody else."""
    def run(target):
        for listener in ["grpc", "http"]:
            line = Line(target, listener)
            for number in range(times):
                if not line.send(*frames_of(line, number)):
                    break
            fell = target.alive()
            line.close()
            if fell:
                return f"{listener}: {fell}"
        return None
    return run


def resets(line, number):
    stream = 2 * number + 1
    return line.head(stream), RstStreamFrame(stream, 8)


def settings(line, number):
    return (SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: number % 1000}),)


def pings(line, number):
    return (PingFrame(0, number.to_bytes(8, "big")),)


def empty_data(line, number):
    return (line.head(1),) if number == 0 else (DataFrame(1, b""),)


def priorities(line, number):
    return (PriorityFrame(2 * number + 3, depends_on=2 * number + 1, stream_weight=1),)


def windows(line, number):
    return (WindowUpdateFrame(0, window_increment=1),)


def closing(build):
    """These bytes end the connection, and nothing else."""
    def run(target):
        for listener in ["grpc", "http"]:
            line = Line(target, listener)
            line.send(*build(line))
            ended = line.closes()
            line.close()
            if not ended:
                return f"{listener} kept the connection"
            fell = target.alive()
            if fell:
                return f"{listener}: {fell}"
        return None
    return run


def continuations(line):
    """A head that never ends."""
    first = HeadersFrame(1, line.coder.encode([(":method", "POST")]))
    return [first] + [ContinuationFrame(1, hpack.Encoder().encode([(f"x-{n}", "a" * 4000)])) for n in range(500)]


def repeated_head(line):
    """One table entry of 4,000 bytes, named five thousand times: small on the line, large in memory."""
    block = line.coder.encode([(":method", "POST"), (":scheme", "http"), (":path", METHOD), (":authority", "x"), ("x-big", "a" * 4000)])
    block += line.coder.encode([("x-big", "a" * 4000)]) * 5000
    pieces = [block[at:at + 16_000] for at in range(0, len(block), 16_000)]
    frames = [HeadersFrame(1, pieces[0])] + [ContinuationFrame(1, piece) for piece in pieces[1:]]
    frames[-1].flags.add("END_HEADERS")
    return frames


def held_head(target):
    """A head list beyond what is allowed is refused on its stream or ends the line."""
    line = Line(target)
    line.send(*repeated_head(line))
    status = read_status(line)
    line.close()
    if status not in ("reset", "closed", "HTTP 431"):
        return f"it said {status}"
    return target.alive()


FLOODS = {"rapid reset": (resets, 5000), "settings": (settings, 5000), "pings": (pings, 5000), "empty data": (empty_data, 5000),
          "priorities": (priorities, 5000), "window updates": (windows, 5000)}
CLOSING = {
    "a head that never ends": continuations,
    "a frame of 16 MiB": lambda line: [b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(100_000)],
    "a window that overflows": lambda line: [WindowUpdateFrame(0, window_increment=0x7FFFFFFF)] * 2,
    "data on stream 0": lambda line: [b"\x00\x00\x01\x00\x00\x00\x00\x00\x00a"],
    "an even stream": lambda line: [line.head(2)],
    "settings of a wrong length": lambda line: [b"\x00\x00\x05\x04\x00\x00\x00\x00\x00aaaaa"],
    "a broken head block": lambda line: [b"\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff"],
}


def no_method(path):
    def run(target):
        code, details, _ = target.call(path, metadata=target.bearer("admin"))
        if code not in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN):
            return f"it said {code.name}"
        return target.leak(details)
    return run


def attempts():
    for name, (body, heads, allowed) in BODIES.items():
        yield Attempt(14, "messages", name, lambda t, b=body, h=heads, a=allowed: answered(t, b, h, a))
    for name, (frames_of, times) in FLOODS.items():
        yield Attempt(14, "floods", name, flood(frames_of, times))
    for name, build in CLOSING.items():
        yield Attempt(14, "frames", name, closing(build))
    yield Attempt(14, "frames", "a head list from one table entry", held_head)
    for path in ["/medvirk.admin.v1.AdminService/DropEverything", "/medvirk.log.v1.LogService/Append", "/", "//", "/../admin",
                 "/medvirk.admin.v1.AdminService/getstatus", "/MEDVIRK.ADMIN.V1.ADMINSERVICE/GETSTATUS"]:
        yield Attempt(10, "methods", f"gRPC {path}", no_method(path))
