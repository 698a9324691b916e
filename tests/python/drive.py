"""Drives a session with the generated client (`client` in PYTHONPATH): what `cargo xtask test` runs to see that one works."""

import json
import os
import time
from http import HTTPStatus
from io import BytesIO

from client import AuthenticatedClient
from client.api.files import delete_file, download_file, list_files, read_file, upload_file, write_file
from client.api.requests import prompt_session
from client.api.runtimes import get_runtime_by_name
from client.api.sessions import create_session, end_session, get_session, get_stats, get_telemetry
from client.api.workers import create_worker, get_worker_by_name
from client.models import CliType, EngineProgram, ErrorBody, FileKind, NewSession, NewWorker, Prompt, SessionStatus
from client.models import TurnKind, TurnStatus
from client.types import File

PATIENCE_SECONDS = 60


def main():
    """Walks from a worker to its session's end."""
    server = AuthenticatedClient(os.environ["VWM_URL"], token=os.environ["VWM_API_KEY"], raise_on_unexpected_status=True, timeout=PATIENCE_SECONDS)
    with server:
        worker = make_worker(server)
        session = start_session(server, worker)
        answer = prompt(server, session)
        look_at_numbers(server, session, answer)
        use_files(server, session)
        end(server, session)
    print("a session was driven from its worker to its end")


def make_worker(server):
    """Makes a worker whose engine is the scripted agent."""
    runtime = get_runtime_by_name.sync("local", client=server)
    engine = EngineProgram.from_dict(json.loads(os.environ["VWM_ENGINE"]))
    new = NewWorker(name="python", runtime_id=runtime.id, cli_type=CliType.ACP, engine=engine, description="Echoes")
    worker = create_worker.sync(client=server, body=new)
    same(worker, get_worker_by_name.sync("python", client=server))
    same((worker.name, worker.revision, worker.runtime_id, worker.description), ("python", 1, runtime.id, "Echoes"))

    again = create_worker.sync_detailed(client=server, body=new)
    refused(again, HTTPStatus.CONFLICT, "worker python exists already")
    wrong = create_worker.sync_detailed(client=server, body=NewWorker(name="a b", runtime_id=runtime.id, cli_type=CliType.ACP, engine=engine))
    refused(wrong, HTTPStatus.BAD_REQUEST, "Validation Error")
    same([fault.path for fault in wrong.parsed.details], ["name"])
    return worker


def start_session(server, worker):
    """Starts a session, and waits until it is active."""
    session = create_session.sync(client=server, body=NewSession(worker_id=worker.id, breadcrumbs=["python"]), idempotency_key="one")
    same((session.status, session.worker_revision, session.breadcrumbs), (SessionStatus.PENDING, 1, ["python"]))
    until = time.monotonic() + PATIENCE_SECONDS
    while (now := get_session.sync(session.id, client=server)).status != SessionStatus.ACTIVE:
        assert now.status == SessionStatus.PENDING, (now.status, now.status_reason)
        assert time.monotonic() < until, "the session is not active in time"
        time.sleep(0.05)
    return session.id


def prompt(server, session):
    """Asks, and looks at the whole answer."""
    answer = prompt_session.sync(session, client=server, body=Prompt(prompt="hello", breadcrumbs=["step:1"]))
    same((answer.status, answer.response, answer.error, answer.artifacts), (TurnStatus.COMPLETE, "echo: hello", None, []))
    return answer


def look_at_numbers(server, session, answer):
    """Compares telemetry and stats with the answer."""
    [row] = get_telemetry.sync(session, client=server)
    same((row.id, row.kind, row.status), (answer.request_id, TurnKind.PROMPT, TurnStatus.COMPLETE))
    same((row.prompt, row.breadcrumbs, row.response.response), ("hello", ["python", "step:1"], "echo: hello"))
    same((row.tokens_in, row.duration_ms), (answer.tokens_in, answer.duration_ms))
    stats = get_stats.sync(session, client=server)
    same((stats.total_requests, stats.completed_requests, stats.failed_requests), (1, 1, 0))
    same(stats.total_duration_ms, answer.duration_ms)


def use_files(server, session):
    """Writes, uploads, reads, downloads, lists and deletes."""
    text = "first\nsecond ü\n"
    written = write_file.sync_detailed(session, "notes/a.txt", client=server, body=File(payload=BytesIO(text.encode())))
    same(written.status_code, HTTPStatus.NO_CONTENT)
    same(read_file.sync(session, "notes/a.txt", client=server), text)

    content = bytes(range(256))
    uploaded = upload_file.sync_detailed(session, client=server, body=File(payload=BytesIO(content)), path="notes/b.bin")
    same(uploaded.status_code, HTTPStatus.NO_CONTENT)
    same(download_file.sync(session, "notes/b.bin", client=server).payload.read(), content)

    entries = list_files.sync(session, client=server, path="notes").items
    shown = [(entry.name, entry.path, entry.kind, entry.size) for entry in entries]
    same(shown, [("a.txt", "notes/a.txt", FileKind.FILE, 16), ("b.bin", "notes/b.bin", FileKind.FILE, 256)])

    same(delete_file.sync_detailed(session, "notes/a.txt", client=server).status_code, HTTPStatus.NO_CONTENT)
    refused(read_file.sync_detailed(session, "notes/a.txt", client=server), HTTPStatus.NOT_FOUND, "File not found")
    outside = read_file.sync_detailed(session, "../state/job.json", client=server)
    refused(outside, HTTPStatus.BAD_REQUEST, "Validation Error")


def end(server, session):
    """Ends the session; whoever asks it for work afterwards is told so."""
    same(end_session.sync_detailed(session, client=server, wait=True).status_code, HTTPStatus.NO_CONTENT)
    same(get_session.sync(session, client=server).status, SessionStatus.ENDED)
    late = prompt_session.sync_detailed(session, client=server, body=Prompt(prompt="hello?"))
    refused(late, HTTPStatus.CONFLICT, "Session is not active")
    refused(read_file.sync_detailed(session, "notes/b.bin", client=server), HTTPStatus.CONFLICT, "Session is not active")


def refused(answer, status, sentence):
    """Holds an answer against a status and the beginning of its sentence, in the type that the document promises."""
    same((answer.status_code, type(answer.parsed)), (status, ErrorBody))
    assert answer.parsed.error.startswith(sentence), answer.parsed.error


def same(found, wanted):
    """Compares, and shows both where they differ."""
    assert found == wanted, f"\n found: {found!r}\nwanted: {wanted!r}"


if __name__ == "__main__":
    main()
