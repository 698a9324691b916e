import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { VWMClient } from "vwm-client";
import { all, fake, frame, json, stream } from "./support/fake.js";

type Document = { paths: Record<string, Record<string, { operationId?: string }>> };

/** What a request is called instead: it outlives the connection. */
const NOT_ASKED = ["promptSession", "streamPrompt"];

test("every operation of the document is reached, and nothing else is asked", async (t) => {
  const document: Document = JSON.parse(await readFile(new URL("../../openapi.json", import.meta.url), "utf8"));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId }]) => (operationId ? [{ method: method.toUpperCase(), path, operationId }] : [])),
  );
  // Of two that fit, the one with fewer names of its own stands behind.
  operations.sort((one, other) => one.path.split("{").length - other.path.split("{").length);

  const server = await fake(t, (seen, response) => {
    if (seen.path.endsWith("/events")) return void stream(response).end(frame(1, "complete", {}));
    if (seen.path.includes("/file-changes")) return void json(response, 200, []);
    if (seen.path.endsWith("/transcript")) return void response.end("{}\n");
    json(response, 200, { requestId: "r", status: "ended" });
  });
  const client = new VWMClient({ baseUrl: server.url });
  const { sessions, requests, files, workers, runtimes, settings, keys } = client;
  await Promise.all([client.name(), client.health(), client.ready(), client.status(), client.engines(), client.metrics(), client.openapi()]);
  await Promise.all([sessions.create({}), sessions.list(), sessions.get("s"), sessions.end("s"), sessions.push("s")]);
  await Promise.all([sessions.suspend("s"), sessions.resume("s")]);
  await Promise.all([sessions.telemetry("s"), sessions.stats("s"), all(sessions.transcript("s")), all(sessions.events("s"))]);
  await Promise.all([requests.prompt("s", { prompt: "hi" }), requests.get("s", "r"), requests.retry("s", "r"), requests.abort("s")]);
  await Promise.all([files.list("s"), files.read("s", "f"), files.write("s", "f", ""), files.delete("s", "f"), files.changes("s")]);
  await Promise.all([files.upload("s", "f", ""), files.download("s", "f")]);
  const worker = { name: "w", runtimeId: "r", cliType: "acp" } as const;
  await Promise.all([workers.list(), workers.get("w"), workers.byName("w"), workers.create(worker), workers.update("w", {}), workers.delete("w")]);
  await Promise.all([workers.revisions("w"), workers.sessions("w")]);
  await Promise.all([runtimes.list(), runtimes.get("r"), runtimes.byName("r"), runtimes.update("r", {}), runtimes.delete("r")]);
  await runtimes.create({ name: "r", baseImage: "debian" });
  await Promise.all([settings.list(), settings.get("k"), settings.set("k", 1)]);
  await Promise.all([keys.list(), keys.create({ name: "k", role: "read" }), keys.rotate("k"), keys.revoke("k")]);

  const asked = server.seen.map((seen) => {
    const path = new URL(seen.path, server.url).pathname;
    const found = operations.find((one) => one.method === seen.method && fits(one.path, path));
    return found?.operationId ?? assert.fail(`${seen.method} ${path} is not in the document`);
  });
  const wanted = operations.map((one) => one.operationId).filter((id) => !NOT_ASKED.includes(id));
  assert.deepEqual([...new Set(asked)].sort(), wanted.sort());
});

function fits(pattern: string, path: string): boolean {
  const parts = pattern.split(/\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]+")}$`).test(path);
}
