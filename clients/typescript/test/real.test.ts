import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { VirtualWorker, type VWSession } from "vwm-client";
import { all } from "./support/fake.js";
import { assertWhole, events, gather, texts } from "./support/turns.js";
import { World, play } from "./support/world.js";

const LIMIT = { timeout: 120_000 };

let world: World;
let worker: VirtualWorker;
before(async () => {
  world = await World.start();
  worker = new VirtualWorker({ name: "bob", client: world.client(), defaultSessionOptions: { breadcrumbs: ["typescript"] } });
});
after(() => world?.stop());

test("a whole session: turns as a stream and plain, and its numbers afterwards", LIMIT, async () => {
  assert.equal((await worker.resolveWorker()).name, "bob");
  const session = await worker.startSession();
  const { envelopes, result } = await gather(session.prompt({ prompt: play({ think: "hm" }, { text: "ü€😀 one two", chunks: 4 }) }));
  assert.deepEqual(envelopes.at(0), { type: "VW_STATUS", status: "STARTED", message: `Session ${session.sessionId} takes a turn` });
  assert.deepEqual(envelopes.at(-1), { type: "VW_STATUS", status: "COMPLETED", message: "The turn is complete" });
  assertWhole(events(envelopes));
  assert.equal(texts(events(envelopes)), "ü€😀 one two");
  assert.equal(result.promptResponse.response, "ü€😀 one two");
  assert.deepEqual([result.sessionId, result.turnIndex, result.promptResponse.status], [session.sessionId, 0, "complete"]);

  const second = await session.executePrompt("hello");
  assert.equal(second.promptResponse.response, "echo: hello");
  const failed = await gather(session.prompt(play({ fail: "I cannot" })));
  const { status: ending, response, error } = failed.result.promptResponse;
  assert.deepEqual([ending, response, error?.code], ["failed", "[No response received]", "engine_failed"]);
  const last = failed.envelopes.slice(-2).map((envelope) => [envelope.type, "status" in envelope ? envelope.status : undefined]);
  assert.deepEqual(last, [["VW_ERROR", undefined], ["VW_STATUS", "FAILED"]]);
  assert.deepEqual(session.getTurnResults().map((turn) => turn.turnIndex), [0, 1, 2]);

  await session.end();
  const { sessions } = world.client();
  const { status, breadcrumbs } = await sessions.get(session.sessionId);
  assert.deepEqual([status, breadcrumbs], ["ended", ["typescript"]]);
  const rows = await sessions.telemetry(session.sessionId);
  assert.deepEqual(rows.map((row) => row.status), ["complete", "complete", "failed"]);
  assert.ok(rows.every((row) => row.sessionId === session.sessionId && row.workerId === session.workerId));
  assert.equal((await sessions.stats(session.sessionId)).failedRequests, 1);
  assert.ok((await all(sessions.transcript(session.sessionId))).length > 0);
  const ofSession = await all(sessions.events(session.sessionId));
  assert.deepEqual(ofSession.map((event) => event.seq), ofSession.map((_, i) => i + 1));
});

test("files go in before a turn and come out after it", LIMIT, async () => {
  const session = await worker.startSession({ initialFiles: [{ path: "attachments/first.txt", content: "first" }] });
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  const turn = await session.executePrompt({
    prompt: play({ shell: "cat attachments/first.txt attachments/in.bin > out.bin" }, { text: "done" }),
    inputFiles: [{ path: "attachments/in.bin", content: bytes }],
    outputFilePaths: ["out.bin", "missing.txt"],
  });
  assert.equal(turn.promptResponse.status, "complete");
  assert.deepEqual(turn.downloadedFiles.map((file) => file.path), ["out.bin"]);
  assert.deepEqual(Buffer.from(turn.downloadedFiles[0]?.content ?? []), Buffer.concat([Buffer.from("first"), bytes]));
  assert.deepEqual(turn.missingFiles.map((file) => file.path), ["missing.txt"]);

  await session.writeFile("notes/ü b.txt", "ü€😀");
  assert.equal(await session.readFile("notes/ü b.txt"), "ü€😀");
  await session.uploadFile("up.bin", new Blob(["a", "b"]).stream());
  assert.deepEqual(Buffer.from(await session.downloadFile("up.bin")), Buffer.from("ab"));
  const { files } = world.client();
  assert.equal(await new Response(await files.downloadStream(session.sessionId, "up.bin")).text(), "ab");
  assert.ok((await files.list(session.sessionId)).items.some((item) => item.path === "up.bin" && item.size === 2));
  await session.deleteFile("up.bin");
  await assert.rejects(session.downloadFile("up.bin"), { status: 404 });
  await assert.rejects(session.uploadFile("../x", ""), { status: 400 });
  await assert.rejects(session.uploadFile("worker_repo/x", ""), { status: 403 });
  const changes = (await files.changes(session.sessionId)).filter((change) => change.path === "up.bin");
  assert.deepEqual(changes.map((change) => [change.action, change.status]).sort(), [["delete", "done"], ["upload", "done"]]);
  await session.end();
});

test("a turn is aborted in its middle, by a session that was reconnected", LIMIT, async () => {
  const session = await worker.startSession();
  const other = worker.reconnectSession(session.sessionId);
  assert.deepEqual([other.workerName, other.workerId], ["bob", session.workerId]);
  const { envelopes, result } = await gather(session.prompt(play({ text: "before" }, { hold: "never" }, { text: "after" })), async (envelope) => {
    if (envelope.type === "VW_STREAM_EVENT" && envelope.event.type === "text") await other.abort();
  });
  assertWhole(events(envelopes));
  assert.equal(texts(events(envelopes)), "before");
  assert.deepEqual([result.promptResponse.status, result.promptResponse.error?.code], ["cancelled", "aborted"]);
  await assert.rejects(other.abort(), { status: 409 });
  assert.equal((await other.executePrompt("again")).promptResponse.response, "echo: again");
  await other.end();
});

test("a session is ended twice, and every call after it says so", LIMIT, async () => {
  const session: VWSession = await worker.startSession();
  assert.equal(session.isEnded(), false);
  await session.end();
  await session.end();
  assert.equal(session.isEnded(), true);
  const calls: Record<string, () => Promise<unknown>> = {
    prompt: () => session.prompt("hi").next(),
    executePrompt: () => session.executePrompt("hi"),
    abort: () => session.abort(),
    uploadFile: () => session.uploadFile("a", "a"),
    downloadFile: () => session.downloadFile("a"),
    readFile: () => session.readFile("a"),
    writeFile: () => session.writeFile("a", "a"),
    deleteFile: () => session.deleteFile("a"),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(call(), /already been ended/, name);
  }
});
