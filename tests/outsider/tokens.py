"""Tokens that nobody gave out: each is tried at every door that takes one."""

import base64
import json
import time

import grpc
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from target import Attempt

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ROLES = ["admin", "feedback.submit", "episode.manage", "indicator.read", "registry.extract",
         "survey.invite", "service.manage"]
# One call behind each door. Every role is claimed, so a door that lets the token in answers otherwise.
CALLS = ["/medvirk.admin.v1.AdminService/GetStatus", "/medvirk.feedback.v1.FeedbackService/SubmitSession",
         "/medvirk.curve.v1.CurveService/GetCurve", "/medvirk.extract.v1.ExtractService/ListDatasets",
         "/medvirk.indicator.v1.IndicatorService/ListIndicators"]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    return b64(json.dumps(value).encode())


def claims(**changed):
    now = int(time.time())
    whole = {"iss": "medvirk-dev", "aud": "medvirk", "sub": "admin", "iat": now, "exp": now + 3600,
             "roles": ROLES, "units": ["*"]}
    whole.update(changed)
    return {name: value for name, value in whole.items() if value is not None}


def es256(signed, key=EC_KEY):
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def hs256(signed, key):
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(signed.encode())
    return b64(mac.finalize())


def rs256(signed):
    return b64(RSA_KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))


def token(header, body, sign):
    signed = f"{part(header)}.{part(body)}"
    return f"{signed}.{sign(signed)}"


def jwk(key):
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big"))}


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def forged():
    """Name and token, of tokens that nobody signed who may."""
    plain = {"typ": "JWT", "alg": "ES256"}
    for alg in ["none", "None", "NONE", "nOnE"]:
        yield f"alg {alg}, no signature", token({"typ": "JWT", "alg": alg}, claims(), lambda _: "")
        yield f"alg {alg}, some signature", token({"typ": "JWT", "alg": alg}, claims(), es256)
    yield "another key", token(plain, claims(), es256)
    yield "no signature", token(plain, claims(), lambda _: "")
    yield "a signature of zeros", token(plain, claims(), lambda _: b64(bytes(64)))
    yield "a signature of ones (r = s = 1)", token(plain, claims(), lambda _: b64(b"\0" * 31 + b"\1" + b"\0" * 31 + b"\1"))
    yield "a signature in DER", token(plain, claims(), lambda s: b64(EC_KEY.sign(s.encode(), ec.ECDSA(hashes.SHA256()))))
    yield "HMAC with a public key as secret", token({"typ": "JWT", "alg": "HS256"}, claims(), lambda s: hs256(s, pem(EC_KEY)))
    yield "HMAC with an empty secret", token({"typ": "JWT", "alg": "HS256"}, claims(), lambda s: hs256(s, b""))
    yield "HMAC with a common secret", token({"typ": "JWT", "alg": "HS256"}, claims(), lambda s: hs256(s, b"secret"))
    for alg in ["RS256", "PS256", "ES384", "EdDSA", "HS512", ""]:
        yield f"alg {alg or 'empty'}", token({"typ": "JWT", "alg": alg}, claims(), rs256)
    yield "no alg", token({"typ": "JWT"}, claims(), es256)
    yield "its own key in jwk", token({**plain, "jwk": jwk(EC_KEY)}, claims(), es256)
    yield "its own key by jku", token({**plain, "jku": "http://127.0.0.1:1/keys"}, claims(), es256)
    yield "its own key by x5u", token({**plain, "x5u": "http://127.0.0.1:1/cert"}, claims(), es256)
    yield "its own key in x5c", token({**plain, "x5c": [base64.b64encode(pem(EC_KEY)).decode()]}, claims(), es256)
    for kid in ["../../../../dev/null", "/dev/null", "' OR 1=1 --", "token-key.pem", "\0", "x" * 4000]:
        yield f"kid {kid[:20]!r}", token({**plain, "kid": kid}, claims(), es256)
    yield "crit", token({**plain, "crit": ["b64"], "b64": False}, claims(), es256)
    yield "zip", token({**plain, "zip": "DEF"}, claims(), es256)
    yield "no claims", token(plain, {}, es256)
    yield "a header that is a list", f"{part([])}.{part(claims())}.{es256('x')}"
    yield "a nested token", token({**plain, "cty": "JWT"}, {"jwt": token(plain, claims(), es256)}, es256)


def bent(good):
    """Name and value of the header, of a good token that was changed on the way."""
    head, body, signature = good.split(".")
    read = json.loads(base64.urlsafe_b64decode(body + "=="))
    for name, value in [("sub", "survey"), ("roles", ROLES), ("exp", 9_999_999_999), ("units", []), ("aud", "other")]:
        yield f"claim {name} changed", f"Bearer {head}.{part({**read, name: value})}.{signature}"
    yield "signature cut", f"Bearer {head}.{body}.{signature[:-4]}"
    yield "signature doubled", f"Bearer {head}.{body}.{signature}{signature}"
    yield "a part too many", f"Bearer {good}.{signature}"
    yield "a part too few", f"Bearer {head}.{body}"
    yield "another scheme", f"Basic {good}"
    yield "no scheme", good
    yield "scheme alone", "Bearer "
    yield "two tokens", f"Bearer {good} {good}"
    yield "a comma", f"Bearer {good}, Bearer {good}"
    yield "very long", "Bearer " + "a" * 12_000
    yield "padded", f"Bearer {good}="


def doors(target, value):
    """Which doors let this in."""
    let_in = []
    for method in CALLS:
        code, details, _ = target.call(method, metadata=[("authorization", value)])
        if code != grpc.StatusCode.UNAUTHENTICATED:
            let_in.append(f"{method} said {code.name}")
        let_in += filter(None, [target.leak(details)])
    header = [("authorization", value)]
    for listener, method, path in [("http", "GET", "/v1/indicators"), ("grpc", "POST", "/fhir/R4/QuestionnaireResponse")]:
        json_kind = [("content-type", "application/fhir+json")]
        status, _, body = target.http(listener, method, path, header + json_kind, b"{}" if method == "POST" else None)
        if status != 401:
            let_in.append(f"{path} said {status}")
        let_in += filter(None, [target.leak(body)])
    return "; ".join(let_in) or None


def attempts(target):
    for name, made in forged():
        yield Attempt(10, "forged tokens", name, lambda t, v=f"Bearer {made}": doors(t, v))
    for name, value in bent(target.tokens["admin"]):
        yield Attempt(10, "changed tokens", name, lambda t, v=value: doors(t, v))
