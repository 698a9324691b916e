import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type VWEvent, VirtualWorker } from "vwm-client";
import { all } from "./support/fake.js";
import { assertWhole, texts } from "./support/turns.js";
import { World, play } from "./support/world.js";

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

/** Streams a turn that is held in its middle while the server goes and comes back. */
async function streamThrough(signal: NodeJS.Signals): Promise<void> {
  const session = await new VirtualWorker({ name: "bob", client: world.client() }).startSession();
  const states: string[] = [];
  const { requests } = world.client();
  const prompt = play({ text: "ü1 ü2 ü3 ", chunks: 3 }, { hold: signal }, { text: "ü4 ü5 ü6", chunks: 3 });
  const restart = async () => {
    await world.gates.held(signal);
    await world.stopServer(signal);
    // The engine goes on while no server is there.
    world.gates.open(signal);
    await world.startServer();
  };
  const heard: VWEvent[] = [];
  let restarted: Promise<void> | undefined;
  for await (const event of requests.stream(session.sessionId, { prompt }, { onConnection: (state) => states.push(state) })) {
    heard.push(event);
    if (texts(heard) === "ü1 ü2 ü3 ") restarted ??= restart();
  }
  await restarted;
  assertWhole(heard);
  assert.equal(texts(heard), "ü1 ü2 ü3 ü4 ü5 ü6");
  assert.equal(heard.at(-1)?.type, "complete");
  assert.deepEqual(states, ["lost", "back"]);
  const { requestId } = heard.at(-1) ?? {};
  const again = await all(requests.events(session.sessionId, requestId ?? ""));
  assert.deepEqual(heard, again, "what was heard live is what is kept");
  await session.end();
}

test("a stream goes on through the death of its server, with every event once and in order", { timeout: 120_000 }, () => streamThrough("SIGKILL"));

test("a stream goes on through a server that stops in good order, too", { timeout: 120_000 }, () => streamThrough("SIGTERM"));
