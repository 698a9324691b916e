import assert from "node:assert/strict";
import { test } from "node:test";
import { VWMClient, VirtualWorker } from "vwm-client";
import { all, fake, frame, json, stream } from "./support/fake.js";

test("a stream without `complete` gives a result that says so", async (t) => {
  const server = await fake(t, (seen, response) => {
    if (seen.method === "POST") return json(response, 202, { requestId: "r", status: "pending" });
    if (seen.path.endsWith("/events")) return void stream(response).end(frame(1, "text", "a"));
    json(response, 200, { requestId: "r", status: "complete", subsessionId: "u", answer: null });
  });
  const worker = new VirtualWorker({ name: "bob", client: new VWMClient({ baseUrl: server.url }) });
  const session = worker.reconnectSession("s");
  assert.deepEqual(server.seen, [], "to reconnect asks nothing");
  const { promptResponse, turnIndex } = await session.executePrompt("hi");
  assert.equal(promptResponse.response, "[No response received]");
  assert.deepEqual([turnIndex, session.getTurnCount()], [0, 1]);
});

test("what prevents a turn is told in envelopes and then thrown", async (t) => {
  const server = await fake(t, (_, response) => json(response, 409, { error: "Session is not active: it is failed" }));
  const session = new VirtualWorker({ name: "bob", client: new VWMClient({ baseUrl: server.url }) }).reconnectSession("s");
  const envelopes: unknown[] = [];
  const turn = async () => {
    for await (const envelope of session.prompt({ prompt: "hi" })) envelopes.push(envelope);
  };
  await assert.rejects(turn(), { status: 409 });
  assert.deepEqual(envelopes, [
    { type: "VW_STATUS", status: "STARTED", message: "Session s takes a turn" },
    { type: "VW_ERROR", message: "Session is not active: it is failed" },
    { type: "VW_STATUS", status: "FAILED", message: "Session is not active: it is failed" },
  ]);
  assert.equal(session.getTurnCount(), 0);
});

test("a session that fails to start throws why, and is ended", async (t) => {
  const server = await fake(t, (seen, response) => {
    if (seen.path.includes("by-name")) return json(response, 200, { id: "w", name: "bob" });
    if (seen.method === "DELETE") return void response.writeHead(204).end();
    const status = seen.method === "POST" ? "pending" : "failed";
    json(response, seen.method === "POST" ? 201 : 200, { id: "s", status, statusReason: "there is no such engine: install it" });
  });
  const client = new VWMClient({ baseUrl: server.url });
  const worker = new VirtualWorker({ name: "bob", client, defaultSessionOptions: { breadcrumbs: ["default"] } });
  await assert.rejects(worker.startSession(), /there is no such engine: install it/);
  await assert.rejects(worker.startSession({ breadcrumbs: ["own"], createSessionOptions: { autoDeleteBranch: true } }), /no such engine/);
  const asked = server.seen.map(({ method, path, body }) => [method, path, body && JSON.parse(body)]);
  assert.deepEqual(asked, [
    ["GET", "/admin/workers/by-name/bob", ""],
    ["POST", "/sessions", { breadcrumbs: ["default"], workerId: "w" }],
    ["GET", "/sessions/s", ""],
    ["DELETE", "/sessions/s", ""],
    ["POST", "/sessions", { breadcrumbs: ["own"], autoDeleteBranch: true, workerId: "w" }],
    ["GET", "/sessions/s", ""],
    ["DELETE", "/sessions/s", ""],
  ]);
});

test("a worker without a client takes the environment's, and says what is missing", async (t) => {
  delete process.env["VWM_URL"];
  assert.throws(() => new VirtualWorker({ name: "bob" }), /set VWM_URL and VWM_API_KEY/);
  const server = await fake(t, (_, response) => json(response, 200, []));
  process.env["VWM_URL"] = server.url;
  process.env["VWM_API_KEY"] = "vwm_of_the_environment";
  await new VirtualWorker({ name: "bob" }).getClient().engines();
  assert.equal(server.seen[0]?.headers.authorization, "Bearer vwm_of_the_environment");
});

test("all lines of a transcript are read, the last one without its end too", async (t) => {
  const server = await fake(t, (_, response) => {
    response.writeHead(200, { "content-type": "application/x-ndjson" }).end('{"n":1,"text":"ü"}\n\n{"n":2}');
  });
  const { sessions } = new VWMClient({ baseUrl: server.url });
  assert.deepEqual(await all(sessions.transcript("s")), [{ n: 1, text: "ü" }, { n: 2 }]);
});
