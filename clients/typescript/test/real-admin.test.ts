import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { VWMClient } from "vwm-client";
import { World } from "./support/world.js";

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

test("what an administrator asks is answered", { timeout: 120_000 }, async () => {
  const client = world.client();
  assert.equal((await client.name()).name, "vwm");
  assert.deepEqual([(await client.health()).status, (await client.ready()).status], ["ok", "ready"]);
  assert.equal((await client.status()).service, "vwm");
  assert.ok((await client.engines()).some((engine) => engine.cliType === "acp" && engine.supported));
  assert.match(await client.metrics(), /^# HELP /m);
  assert.equal((await client.openapi())["openapi"], "3.1.0");

  const { id, secret } = await client.keys.create({ name: "reader", role: "read" });
  const reader = new VWMClient({ baseUrl: client.baseUrl, apiKey: secret });
  await assert.rejects(reader.sessions.create({ workerName: "bob" }), { status: 403 });
  assert.notEqual((await client.keys.rotate(id)).secret, secret);
  await assert.rejects(reader.sessions.list(), { status: 401 });
  await client.keys.revoke(id);
  assert.ok((await client.keys.list()).some((key) => key.id === id && key.revokedAt));

  await client.settings.set("system_agent_md", "Be kind.");
  await client.settings.set("system_agent_md", "Be kinder.");
  assert.deepEqual((await client.settings.get("system_agent_md")).history?.map((was) => was.value), ["Be kinder.", "Be kind."]);
  assert.ok((await client.settings.list()).length >= 2);

  const runtime = await client.runtimes.create({ name: "other", baseImage: "debian", tags: ["tagged"] });
  assert.deepEqual((await client.runtimes.list({ tag: "tagged" })).map((one) => one.id), [runtime.id]);
  await client.runtimes.update(runtime.id, { description: "for nobody" });
  assert.equal((await client.runtimes.get(runtime.id)).description, "for nobody");
  await client.runtimes.delete(runtime.id);

  const bob = await client.workers.byName("bob");
  const changed = await client.workers.update(bob.id, { description: "changed" }, { ifRevision: bob.revision });
  await assert.rejects(client.workers.update(bob.id, { description: "late" }, { ifRevision: bob.revision }), { status: 412 });
  assert.equal((await client.workers.revisions(bob.id)).length, changed.revision);
  const carol = await client.workers.create({ name: "carol", runtimeId: bob.runtimeId, cliType: "acp", engine: bob.engine });
  await client.workers.delete(carol.id);
  await assert.rejects(client.workers.get(carol.id), { status: 404 });
  await assert.rejects(client.workers.create({ ...carol, name: "" } as never), (error: { details: unknown[] }) => error.details.length > 0);

  const made = await Promise.all(["one", "two"].map((crumb) => client.sessions.create({ workerName: "bob", breadcrumbs: [crumb] })));
  const ids = (await client.workers.sessions(bob.id)).map((session) => session.id);
  assert.deepEqual(ids.sort(), made.map((session) => session.id).sort());
  assert.deepEqual((await client.sessions.list({ breadcrumb: "two" })).items.map((session) => session.id), [made[1]?.id]);
  await Promise.all(ids.map((id) => client.sessions.end(id)));
  await Promise.all(ids.map((id) => client.sessions.waitFor(id, "ended")));
});
