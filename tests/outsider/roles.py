"""Every call with every token that was given out for something else, and with none."""

import uuid

import grpc

from target import Attempt, module

# Who may call what. A method that is not here is a finding, so that a new one is thought about.
MAY = {
    "medvirk.admin.v1.AdminService": {"admin"},
    "medvirk.extract.v1.ExtractService": {"registry"},
    "medvirk.indicator.v1.IndicatorService": {"dashboard"},
    "medvirk.involvement.v1.InvolvementService": {"leader"},
    "medvirk.curve.v1.CurveService": {"clinic", "tablet"},
    "medvirk.registry.v1.RegistryService": {"clinic", "tablet"},
    "medvirk.episode.v1.EpisodeService": {"clinic", "epj"},
    "medvirk.feedback.v1.FeedbackService": {"clinic", "tablet"},
    "medvirk.survey.v1.SurveyService": {"clinic", "tablet"},
}
# What it holds is judged one by one: a survey in it needs a code, and no token.
BATCH = "SubmitBatch"
# A code admits it, no token does.
BY_CODE = {"SubmitSurvey"}
REFUSED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}


def tried(target, service, method):
    if method == BATCH:
        return batch(target)
    path = f"/{service}/{method}"
    code, details, _ = target.call(path)
    if method in BY_CODE:
        return None if code == grpc.StatusCode.INVALID_ARGUMENT else f"without a code: {code.name}"
    fell = [] if code == grpc.StatusCode.UNAUTHENTICATED else [f"without a token: {code.name}"]
    fell += filter(None, [target.leak(details)])
    for name in sorted(set(target.tokens) - MAY[service]):
        code, details, _ = target.call(path, metadata=target.bearer(name))
        if code not in REFUSED:
            fell.append(f"with the token of {name}: {code.name}")
        fell += filter(None, [target.leak(details)])
    return "; ".join(fell) or None


def batch(target):
    """A session in a batch is refused by itself to whoever may not send one."""
    feedback = module("medvirk.feedback.v1.feedback_service")
    request = feedback.SubmitBatchRequest()
    sent = request.submissions.add(submission_id=str(uuid.uuid4()))
    sent.session.unit = "fjord-poliklinikk"
    path = "/medvirk.feedback.v1.FeedbackService/SubmitBatch"
    for name in [None, *sorted(set(target.tokens) - MAY["medvirk.feedback.v1.FeedbackService"])]:
        metadata = target.bearer(name) if name else ()
        code, details, answers = target.call(path, request.SerializeToString(), metadata)
        if code in REFUSED:
            continue
        results = feedback.SubmitBatchResponse.FromString(answers[0]).results if answers else []
        codes = [result.code for result in results]
        if codes not in ([grpc.StatusCode.UNAUTHENTICATED.value[0]], [grpc.StatusCode.PERMISSION_DENIED.value[0]]):
            return f"with the token of {name}: {code.name} {codes} {details}"
    return None


def unknown(service):
    return f"{service} is not in the table of who may call what"


def attempts(services):
    for service, methods in sorted(services.items()):
        if service not in MAY:
            yield Attempt(10, "roles", service, lambda _, s=service: unknown(s))
            continue
        for method in methods:
            name = f"{service.rsplit('.', 1)[1]}.{method}"
            yield Attempt(10, "roles", name, lambda t, s=service, m=method: tried(t, s, m))
