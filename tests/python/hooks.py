"""What schemathesis cannot know by itself about this server: which calls would saw off the branch it sits on, which addresses it must
not be sent to, what an event is, and which of its negative cases are good."""

import json
import os
import re

import jsonschema_rs
import schemathesis
from schemathesis.core.parameters import ParameterLocation

# What must stay, and what must stay as it is.
KEPT = set(os.environ["VWM_FUZZ_KEPT"].split())
FIXED = set(os.environ["VWM_FUZZ_FIXED"].split())
SPARED = {
    "rotateKey": KEPT,
    "revokeKey": KEPT,
    "endSession": KEPT,
    "deleteWorker": KEPT,
    "deleteRuntime": KEPT,
    "updateWorker": FIXED,
    "updateRuntime": FIXED,
}
# Where a session's git would go. Nothing listens there, and nobody outside is asked.
NOWHERE = "http://127.0.0.1:9/nobody.git"
NOBODY = "00000000-0000-7000-8000-000000000000"
STREAMS = {"watchSession", "watchRequest", "streamPrompt"}
# A session that was deleted has ended, and can be looked at; so can what a deleted worker was, and did.
SESSION = re.compile(r"DELETE /sessions/[^/]+")
REMAINING = {"listWorkerRevisions", "listWorkerSessions"}

validator = None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Points a call that would take away the key that asks, or what the others ask about, at what nobody made."""
    spared = SPARED.get(name_of(case), set())
    for name, value in (case.path_parameters or {}).items():
        if value in spared:
            case.path_parameters[name] = NOBODY
    keep_at_home(case.body)


def keep_at_home(body):
    """Points every address of a repository in a body at this machine; what is none stays as it is, and is refused."""
    if not isinstance(body, dict):
        return
    repositories = [body.get("repository"), body.get("sessionRepository")]
    places = [(part, "url") for part in repositories if isinstance(part, dict)] + [(body, "workerRepoUrl")]
    for part, name in places:
        if isinstance(part.get(name), str) and re.search(r"[:@/]", part[name]):
            part[name] = NOWHERE


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what is no failure here: what is meant to stay behind a deletion, and a call that was made as a bad one and is good."""
    kind = type(failure).__name__
    if kind == "UseAfterFree":
        return not (SESSION.fullmatch(failure.free) or name_of(case) in REMAINING)
    if kind != "AcceptedNegativeData" or case.meta is None:
        return True
    what = case.meta.phase.data.description or ""
    negative = {place for place, part in case.meta.components.items() if part.mode.is_negative}
    # HTTP wants headers to be ignored that nobody knows.
    is_unknown_header = negative == {ParameterLocation.HEADER} and "unexpected properties" in what
    return not is_unknown_header


@schemathesis.check
def events_conform(ctx, response, case):
    """Holds each event of a stream against `Event` of the document; a stream that was cut may end in half a frame."""
    if name_of(case) not in STREAMS or response.status_code != 200:
        return
    for frame in response.content.decode().split("\n\n")[:-1]:
        # Not `splitlines`: it also splits where only Unicode sees a new line.
        fields = [line.split(": ", 1) for line in frame.split("\n") if not line.startswith(":")]
        told = {field[0]: field[-1] for field in fields}
        if set(told) <= {"retry"}:
            continue
        assert set(told) == {"id", "data"} and told["id"].isdigit(), f"a frame is not `id` and `data`: {frame}"
        event_validator(case).validate(json.loads(told["data"]))


def event_validator(case):
    """What tells whether something is an event."""
    global validator
    if validator is None:
        components = case.operation.schema.raw_schema["components"]
        validator = jsonschema_rs.Draft202012Validator({"$ref": "#/components/schemas/Event", "components": components})
    return validator


def name_of(case):
    """The operation's name in the document."""
    return case.operation.definition.raw.get("operationId")
