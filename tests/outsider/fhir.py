"""Hostile resources at the FHIR door, with a good token: each is refused whole, and names nothing inside."""

import gzip
import json

from target import Attempt

PATH = "/fhir/R4/QuestionnaireResponse"
KIND = ("content-type", "application/fhir+json")
GOOD = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "Questionnaire/fit-ors|1"}

BODIES = {
    "nothing": b"",
    "no JSON": b"<QuestionnaireResponse/>",
    "an entity": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a list": b"[]",
    "a number": b"1e999",
    "ten thousand deep": b'{"item":[' * 10_000,
    "a hundred thousand brackets": b"[" * 100_000 + b"]" * 100_000,
    "a text of two megabytes": json.dumps({**GOOD, "id": "a" * 2_000_000}).encode(),
    "a key twice": b'{"resourceType":"QuestionnaireResponse","resourceType":"Patient"}',
    "another resource": b'{"resourceType":"Patient"}',
    "a lone surrogate": b'{"resourceType":"\\ud800"}',
    "no UTF-8": b'{"resourceType":"\xff\xfe"}',
    "a mark of byte order": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "NaN": b'{"resourceType":"QuestionnaireResponse","item":[{"answer":[{"valueDecimal":NaN}]}]}',
    "a prototype": json.dumps({**GOOD, "__proto__": {"admin": True}}).encode(),
    "a script": json.dumps({**GOOD, "text": {"status": "generated", "div": "<div><script>alert(1)</script></div>"}}).encode(),
    "a link out": json.dumps({**GOOD, "questionnaire": "http://169.254.169.254/latest/meta-data"}).encode(),
    "a file": json.dumps({**GOOD, "questionnaire": "file:///etc/passwd"}).encode(),
    "a million items": json.dumps({**GOOD, "item": [{"linkId": "1"}] * 100_000}).encode(),
    "a great number": b'{"resourceType":"QuestionnaireResponse","item":[{"answer":[{"valueInteger":' + b"9" * 5000 + b"}]}]}",
    "an answer that is a list": json.dumps({**GOOD, "item": [{"linkId": "1", "answer": [[[]]]}]}).encode(),
    "an unknown extension that modifies": json.dumps({**GOOD, "modifierExtension": [{"url": "x", "valueBoolean": True}]}).encode(),
}
HEADS = {
    "packed": ([("content-encoding", "gzip")], gzip.compress(bytes(100_000_000), 9)),
    "packed twice": ([("content-encoding", "gzip, gzip")], b"x"),
    "a form": ([("content-type", "application/x-www-form-urlencoded")], b"a=b"),
    "plain text": ([("content-type", "text/plain")], json.dumps(GOOD).encode()),
    "a list of types": ([("content-type", "application/fhir+json, text/html")], json.dumps(GOOD).encode()),
    "another version": ([("content-type", "application/fhir+json; fhirVersion=3.0")], json.dumps(GOOD).encode()),
}
PATHS = ["/fhir/R4/Patient", "/fhir/R4/Patient/1", "/fhir/R4/QuestionnaireResponse/1", "/fhir/R4/$export", "/fhir/R4/_history",
         "/fhir/R4/../../metrics", "/fhir/R4/metadata/../Patient", "/fhir/R5/metadata", "/fhir/R4/QuestionnaireResponse?_search=*"]


def refused(target, headers, body):
    status, answer_headers, answer = target.http("grpc", "POST", PATH, target.bearer("tablet") + headers, body)
    if not 400 <= status < 500:
        return f"it said {status}"
    if b"<script" in answer or "html" in answer_headers.get("content-type", ""):
        return "it gave a page back"
    return target.leak(answer) or target.alive()


def hidden(target, path):
    for method in ["GET", "DELETE", "PUT"]:
        status, _, answer = target.http("grpc", method, path, target.bearer("tablet"))
        if not 400 <= status < 500:
            return f"{method} said {status}"
        fell = target.leak(answer)
        if fell:
            return fell
    return None


def attempts():
    for name, body in BODIES.items():
        yield Attempt(5, "FHIR", name, lambda t, b=body: refused(t, [KIND], b))
    for name, (heads, body) in HEADS.items():
        yield Attempt(14, "FHIR", name, lambda t, h=heads, b=body: refused(t, h, b))
    for path in PATHS:
        yield Attempt(10, "FHIR", path, lambda t, p=path: hidden(t, p))
