"""Survey codes that nobody issued, and one that was, used twice. Then references and texts that try to be code."""

import random
import uuid

import grpc

from target import Attempt, module

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
UNIT = "fjord-poliklinikk"


def submission():
    return str(uuid.uuid4())


def issued(target):
    """A code, as a clinic gets it."""
    service = module("medvirk.survey.v1.survey_service")
    request = service.IssueInvitationRequest(submission_id=submission())
    request.invitation.unit, request.invitation.month = UNIT, target.month
    code, details, answers = target.call("/medvirk.survey.v1.SurveyService/IssueInvitation", request.SerializeToString(), target.bearer("clinic"))
    assert code == grpc.StatusCode.OK, f"no code was issued: {code.name} {details}"
    return service.IssueInvitationResponse.FromString(answers[0]).code


def send(target, code):
    service = module("medvirk.survey.v1.survey_service")
    request = service.SubmitSurveyRequest(submission_id=submission())
    request.survey.code = code
    return target.call("/medvirk.survey.v1.SurveyService/SubmitSurvey", request.SerializeToString())


def wrong(target, code):
    status, details, _ = send(target, code)
    if status not in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND):
        return f"it said {status.name}"
    if code and code in details:
        return "the refusal repeats the code"
    return target.leak(details)


def changed(target, place):
    """One letter of a good code changed: refused, in the same words wherever it is."""
    good = issued(target).replace("-", "")
    said = set()
    for letter in random.Random(place).sample(LETTERS, 4):
        if letter == good[place]:
            continue
        status, details, _ = send(target, good[:place] + letter + good[place + 1:])
        said.add((status, details))
    if len(said) != 1:
        return f"the words differ: {sorted(status.name for status, _ in said)}"
    known = send(target, "0" * 32)[:2]
    return None if known in said else "the words tell which part of a code is wrong"


def reference(target, text):
    """A reference that a person would not see as it is is refused, and not repeated."""
    service = module("medvirk.episode.v1.episode_service")
    request = service.OpenEpisodeRequest(submission_id=submission())
    request.opening.patient, request.opening.episode = text, "e-1"
    request.opening.unit, request.opening.date = UNIT, "2026-01-05"
    code, details, _ = target.call("/medvirk.episode.v1.EpisodeService/OpenEpisode", request.SerializeToString(), target.bearer("epj"))
    if code != grpc.StatusCode.INVALID_ARGUMENT:
        return f"it said {code.name}"
    if text.strip() and text in details:
        return "the refusal repeats the reference"
    return target.leak(details)


def attempts():
    yield Attempt(14, "codes", "none", lambda t: wrong(t, ""))
    for name, code in {"zeros": "0" * 32, "too short": "ABCD", "too long": "A" * 4000, "no letters of a code": "UUUU-ILOU" * 3,
                       "SQL": "' OR 1=1 --", "a path": "../../secrets/code.key", "another alphabet": "ÅØÆ" * 10,
                       "a zero byte": "\0" * 32, "a token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30."}.items():
        yield Attempt(14, "codes", name, lambda t, c=code: wrong(t, c))
    for seed in range(10):
        drawn = "".join(random.Random(seed).choices(LETTERS, k=32))
        yield Attempt(14, "codes", f"guess {seed}", lambda t, c=drawn: wrong(t, c))
    for place in [0, 1, 5, 8, 13, 18, 19, 20, 26, 31]:
        yield Attempt(14, "codes", f"letter {place} changed", lambda t, p=place: changed(t, p))
    for name, text in {"empty": "", "blank": "   ", "outer space": " p-1", "a line end": "p\n1", "a zero byte": "p\0", "right to left": "p\u202e1",
                       "no width": "p\u200b1", "not composed": "A\u030a-1", "too long": "p" * 129, "a tag": "p\U000e0041", "a soft hyphen": "p\u00ad1"}.items():
        yield Attempt(5, "references", name, lambda t, x=text: reference(t, x))
