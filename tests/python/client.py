#!/usr/bin/env python3
"""How to send to Medvirk from another language.

    python client.py --data medvirk-data --unit UNIT

Opens an episode, sends one session with an ORS form, and prints its scores and alerts. Needs the
packages of client-requirements.txt and the .proto files of this repository; nothing is generated into it.
"""

import argparse
import datetime
import importlib
import json
import pathlib
import sys
import tempfile
import time
import uuid

import grpc
import grpc_tools
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
# "Unknown" and "not taken": the same submission may be sent again, with the same id.
RETRY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def compile_protos(out):
    """Compiles the .proto files into `out` and makes their modules importable."""
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    flags = [f"-I{PROTO}", f"-I{known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(["protoc", *flags, *files]) != 0:
        sys.exit("the .proto files do not compile")
    sys.path.insert(0, out)


def send(call, request, token, attempts=6):
    """Sends until it is taken or refused. A retry carries the same submission id, so it never
    counts twice; that is why the id is made once, outside."""
    for attempt in range(attempts):
        try:
            return call(request, timeout=5, metadata=[("authorization", f"Bearer {token}")])
        except grpc.RpcError as error:
            if error.code() not in RETRY or attempt == attempts - 1:
                raise
            time.sleep(min(0.1 * 2**attempt, 2))


def main():
    arguments = argparse.ArgumentParser(description="Send one session to a local `medvirk up`.")
    arguments.add_argument("--data", type=pathlib.Path, default="medvirk-data")
    arguments.add_argument("--unit", required=True, help="id of a unit of the catalogue")
    arguments.add_argument("--opener", default="epj", help="whose token opens the episode")
    arguments.add_argument("--tablet", default="tablet", help="whose token sends the session")
    given = arguments.parse_args()
    address = json.loads((given.data / "addresses.json").read_text())["grpc"]
    tokens = json.loads((given.data / "tokens.json").read_text())

    with tempfile.TemporaryDirectory() as out:
        compile_protos(out)
        episodes = importlib.import_module("medvirk.episode.v1.episode_service_pb2")
        episodes_grpc = importlib.import_module("medvirk.episode.v1.episode_service_pb2_grpc")
        feedback = importlib.import_module("medvirk.feedback.v1.feedback_service_pb2")
        feedback_grpc = importlib.import_module("medvirk.feedback.v1.feedback_service_pb2_grpc")

    channel = grpc.insecure_channel(address.removeprefix("http://"))
    today = datetime.date.today().isoformat()
    patient, episode = f"p-{uuid.uuid4()}", f"e-{uuid.uuid4()}"

    opening = episodes.OpenEpisodeRequest(submission_id=str(uuid.uuid4()))
    opening.opening.patient = patient
    opening.opening.episode = episode
    opening.opening.unit = given.unit
    opening.opening.date = today
    opening.opening.therapist = "therapist-1"
    send(episodes_grpc.EpisodeServiceStub(channel).OpenEpisode, opening, tokens[given.opener])

    # Not the credential that opened the episode: a form from that one is never counted.
    request = feedback.SubmitSessionRequest(submission_id=str(uuid.uuid4()))
    session = request.session
    session.patient, session.episode, session.unit = patient, episode, given.unit
    session.date, session.number = today, 1
    form = session.forms.add(instrument="fit-ors", version=1)
    for item, value in [("individual", 3.1), ("interpersonal", 4.0), ("social", 2.5)]:
        form.items.add(item=item, value=value)
    form.items.add(item="overall", value=3.4)
    submit = feedback_grpc.FeedbackServiceStub(channel).SubmitSession
    answer = send(submit, request, tokens[given.tablet])
    if send(submit, request, tokens[given.tablet]) != answer:
        sys.exit("a resubmission was answered differently")

    for score in answer.scores:
        print(f"score {score.instrument} {score.scale} {score.value:g} of {score.max:g}")
    for alert in answer.alerts:
        print(f"alert {alert.instrument} {alert.rule}")


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        # INVALID_ARGUMENT is final: the details name every wrong field.
        sys.exit(f"refused: {error.code().name}: {error.details()}")
