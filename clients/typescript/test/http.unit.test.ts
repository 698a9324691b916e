import assert from "node:assert/strict";
import { test } from "node:test";
import { VWMClient, VWMError } from "vwm-client";
import { cut, fake, json } from "./support/fake.js";

test("a refusal is an error with the server's sentence, its faults and the request's id", async (t) => {
  const details = [{ path: "cliType", message: "it is none", code: "invalid_enum_value" }];
  const server = await fake(t, (seen, response) => {
    if (seen.method === "POST") return json(response, 400, { error: "Validation Error", details }, { "x-request-id": "r1" });
    json(response, 500, { error: "Internal error", requestId: "r2" });
  });
  const client = new VWMClient({ baseUrl: `${server.url}/`, apiKey: "vwm_secret\n" });
  const refused = await client.keys.create({ name: "bob", role: "read" }).catch((error: unknown) => error);
  assert.ok(refused instanceof VWMError);
  const { kind, status, message, requestId } = refused;
  assert.deepEqual([kind, status, message, requestId], ["refused", 400, "Validation Error", "r1"]);
  assert.deepEqual(refused.details, details);
  await assert.rejects(client.keys.list(), { status: 500, message: "Internal error", requestId: "r2" });
  assert.deepEqual(server.seen.map(({ method, path, headers }) => [method, path, headers.authorization]), [
    ["POST", "/admin/keys", "Bearer vwm_secret"],
    ["GET", "/admin/keys", "Bearer vwm_secret"],
  ]);
});

test("a call that may be repeated is, after the pause that the server asks for", async (t) => {
  const times: number[] = [];
  const server = await fake(t, (_, response) => {
    times.push(Date.now());
    if (times.length === 1) return json(response, 503, { error: "Service unavailable: it starts" }, { "retry-after": "1" });
    if (times.length === 2) return void response.socket?.destroy();
    if (times.length === 3) return cut(response.writeHead(200, { "content-length": "100" }), Buffer.from('{"items"'));
    json(response, 200, { items: [] });
  });
  assert.deepEqual(await new VWMClient({ baseUrl: server.url }).sessions.list({ limit: 3 }), { items: [] });
  assert.deepEqual(server.seen.map((seen) => seen.path), Array(4).fill("/sessions?limit=3"));
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990, "it waited for a second");
});

test("a prompt is repeated under one idempotency key, and a call without one is asked once", async (t) => {
  const server = await fake(t, (_, response) => {
    if (server.seen.length % 2 === 1) return void response.socket?.destroy();
    json(response, 202, { requestId: "r", status: "pending" });
  });
  const client = new VWMClient({ baseUrl: server.url });
  assert.equal((await client.requests.create("s", { prompt: "hi" })).requestId, "r");
  const keys = server.seen.map((seen) => seen.headers["idempotency-key"]);
  assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
  assert.deepEqual(keys, [keys[0], keys[0]]);
  await assert.rejects(client.requests.abort("s"), { kind: "network", status: 0, isPassing: true });
  assert.equal(server.seen.length, 3);
});

test("retries are bounded, and a pause that is too long is left to the caller", async (t) => {
  const server = await fake(t, (seen, response) => {
    const later = seen.path === "/status" ? "0" : "3600";
    json(response, 429, { error: "Too many requests: later" }, { "retry-after": later });
  });
  const client = new VWMClient({ baseUrl: server.url, retries: 2 });
  await assert.rejects(client.status(), { status: 429, retryAfter: 0 });
  assert.equal(server.seen.length, 3);
  await assert.rejects(client.metrics(), { status: 429, retryAfter: 3600 });
  assert.equal(server.seen.length, 4);
});

test("nobody there, no answer in time, and an answer of something else are told apart", async (t) => {
  const server = await fake(t, (seen, response) => {
    if (seen.path === "/status") response.writeHead(200, { "content-type": "text/html" }).end("<html>");
  });
  const client = new VWMClient({ baseUrl: server.url, timeoutMs: 200, retries: 0 });
  await assert.rejects(client.health(), { kind: "timeout", status: 0 });
  await assert.rejects(client.status(), { kind: "protocol", status: 200 });
  const nobody = new VWMClient({ baseUrl: "http://127.0.0.1:1", retries: 0 });
  await assert.rejects(nobody.health(), { kind: "network", message: /127\.0\.0\.1:1.*is the server running/ });
  assert.throws(() => new VWMClient({ baseUrl: "localhost:7420" }), { kind: "usage" });
});

test("a signal ends a call that waits, and one that waits to be repeated", async (t) => {
  const server = await fake(t, (_, response) => void response.socket?.destroy());
  const client = new VWMClient({ baseUrl: server.url, retries: 1_000 });
  await assert.rejects(client.status({ signal: AbortSignal.timeout(300) }), { name: "TimeoutError" });
});

test("no path and no id names something else than it says", async (t) => {
  const server = await fake(t, (_, response) => json(response, 200, "text"));
  const { files, sessions, workers } = new VWMClient({ baseUrl: server.url });
  for (const file of ["..", "../x", "a/../../../s2", "/etc/passwd", "", ".", "a\0b"]) {
    await assert.rejects(files.delete("s", file), { kind: "usage" }, file);
    await assert.rejects(files.download("s", file), { kind: "usage" }, file);
  }
  await assert.rejects(sessions.end(".."), { kind: "usage" });
  await assert.rejects(sessions.create({}, { idempotencyKey: "a\nb" }), { kind: "usage" });
  assert.equal(server.seen.length, 0);
  await files.read("s", "./a b/ü?#%2e%2e.txt");
  await files.read("s", "download/x");
  await files.read("s", "downloads");
  await files.upload("s", "../x", "");
  await workers.byName("a/b");
  assert.deepEqual(server.seen.map((seen) => seen.path), [
    "/sessions/s/files/a%20b/%C3%BC%3F%23%252e%252e.txt",
    "/sessions/s/files/download/download/x",
    "/sessions/s/files/downloads",
    "/sessions/s/files/upload?path=..%2Fx",
    "/admin/workers/by-name/a%2Fb",
  ]);
});
