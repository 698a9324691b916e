import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { type VWEvent, VWMClient } from "vwm-client";
import { type Seen, all, cut, fake, frame, json, stream } from "./support/fake.js";

const TEXTS = Array.from({ length: 29 }, (_, i) => `ü€😀 ${i}`);
const EVENTS = [...TEXTS.map((text, i) => frame(2 * i + 1, "text", text)), frame(100, "complete", { response: "done" })];
const IN_ORDER = [...TEXTS.map((_, i) => 2 * i + 1), 100];

/** How many events a client has, by what it says itself. */
function known(seen: Seen): number {
  const last = Number(seen.headers["last-event-id"] ?? 0);
  return IN_ORDER.filter((seq) => seq <= last).length;
}

function told(events: VWEvent[]): unknown[] {
  return events.map((event) => (event.type === "complete" ? event.data.response : event.data));
}

test("a stream that is cut thirty times, at nasty places, tells every event once and in order", async (t) => {
  const nasty = [
    (response: ServerResponse) => response.socket?.destroy(),
    (response: ServerResponse) => json(response, 503, { error: "Service unavailable: it starts" }, { "retry-after": "0" }),
    (response: ServerResponse) => response.writeHead(502, { "content-type": "text/html" }).end("<html>"),
    (response: ServerResponse) => stream(response).socket?.destroy(),
    (response: ServerResponse) => stream(response).end(),
  ];
  let streams = 0;
  const server = await fake(t, (seen, response) => {
    if (!seen.path.endsWith("/events")) return json(response, 200, { requestId: "r", status: "running" });
    streams += 1;
    const refuse = streams % 6 === 0 ? nasty.shift() : undefined;
    if (refuse) return void refuse(response);
    const next = known(seen);
    const whole = EVENTS[next] ?? Buffer.of();
    const following = EVENTS[next + 1] ?? Buffer.of();
    // One event whole, and the next one up to a place that moves on through id, JSON, the middle of a character and the blank line.
    const place = Math.floor(((next + 1) * following.length) / EVENTS.length);
    cut(stream(response), Buffer.concat([Buffer.from("retry: 1000\n\n"), whole, following.subarray(0, place)]));
  });
  const states: string[] = [];
  const client = new VWMClient({ baseUrl: server.url, retries: 0 });
  const events = await all(client.requests.events("s", "r", { onConnection: (state) => states.push(state) }));
  assert.deepEqual(events.map((event) => event.seq), IN_ORDER);
  assert.deepEqual(told(events), [...TEXTS, "done"]);
  assert.ok(streams > 30, `${streams} connections`);
  assert.deepEqual(states, states.map((_, i) => (i % 2 === 0 ? "lost" : "back")));
});

test("a cut at every byte of a frame loses nothing and doubles nothing", async (t) => {
  const [first, second] = [frame(1, "text", "ü€😀"), frame(2, "complete", { response: "done" })];
  for (let place = 0; place < first.length; place += 1) {
    let streams = 0;
    const server = await fake(t, (seen, response) => {
      streams += 1;
      if (streams === 1) return cut(stream(response), first.subarray(0, place));
      assert.equal(seen.headers["last-event-id"], undefined);
      stream(response).end(Buffer.concat([first, second]));
    });
    const events = await all(new VWMClient({ baseUrl: server.url }).requests.events("s", "r"));
    assert.deepEqual(told(events), ["ü€😀", "done"], `cut at byte ${place}`);
  }
});

test("a server that begins anew each time doubles nothing, and an unknown type is passed through", async (t) => {
  let streams = 0;
  const server = await fake(t, (_, response) => {
    streams += 1;
    const all = [frame(1, "text", "a"), frame(2, "from_the_future", [1]), frame(3, "complete", { response: "b" })];
    const some = Buffer.concat(all.slice(0, streams));
    if (streams < 3) cut(stream(response), some);
    else stream(response).end(some);
  });
  const events = await all(new VWMClient({ baseUrl: server.url }).requests.events("s", "r"));
  assert.deepEqual(events.map((event) => [event.seq, event.type as string]), [[1, "text"], [2, "from_the_future"], [3, "complete"]]);
});

test("events that are no longer kept are told as a gap, and the stream goes on behind them", async (t) => {
  const server = await fake(t, (seen, response) => {
    const last = seen.headers["last-event-id"];
    if (last === undefined) return cut(stream(response), frame(40, "gap", { from: 1, to: 40 }));
    stream(response).end(Buffer.concat([frame(41, "text", "a"), frame(42, "complete", { response: "b" })]));
  });
  const events = await all(new VWMClient({ baseUrl: server.url }).requests.events("s", "r"));
  assert.deepEqual(told(events), [{ from: 1, to: 40 }, "a", "b"]);
  assert.deepEqual(server.seen.map((seen) => seen.headers["last-event-id"]), [undefined, "40"]);
});

test("a silence is a cut", async (t) => {
  const server = await fake(t, (seen, response) => {
    const next = known(seen);
    stream(response).write(Buffer.concat(next === 0 ? EVENTS.slice(0, 3) : EVENTS.slice(next)));
  });
  const client = new VWMClient({ baseUrl: server.url });
  const events = await all(client.requests.events("s", "r", { silenceMs: 300 }));
  assert.deepEqual(events.map((event) => event.seq), IN_ORDER);
  assert.deepEqual(server.seen.map((seen) => seen.headers["last-event-id"]), [undefined, "5"]);
});

test("a signal ends a stream that waits, and the connection with it", { timeout: 10_000 }, async (t) => {
  const stop = new AbortController();
  let close = () => {};
  const closed = new Promise<void>((resolve) => (close = resolve));
  const server = await fake(t, (_, response) => {
    response.on("close", close);
    stream(response).write(frame(1, "text", "a"));
  });
  const events = new VWMClient({ baseUrl: server.url }).sessions.events("s", { signal: stop.signal });
  assert.equal((await events.next()).value?.seq, 1);
  const waiting = events.next();
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await closed;
});

test("a server that stays away is told after the patience, and a session that is gone at once", async (t) => {
  let streams = 0;
  const server = await fake(t, (_, response) => {
    streams += 1;
    if (streams === 1) return cut(stream(response), frame(1, "text", "a"));
    if (streams === 2) return json(response, 404, { error: "Session not found" });
    response.socket?.destroy();
  });
  const client = new VWMClient({ baseUrl: server.url });
  await assert.rejects(all(client.sessions.events("s")), { name: "VWMError", kind: "refused", status: 404, message: "Session not found" });
  await assert.rejects(all(client.sessions.events("s", { patienceMs: 500 })), { name: "VWMError", kind: "network", status: 0 });
  assert.ok(streams >= 4, `it was tried again: ${streams}`);
});

test("a session's stream ends when the session has, with what came between the last frame and the end", async (t) => {
  let streams = 0;
  const server = await fake(t, (seen, response) => {
    if (!seen.path.endsWith("/events")) return json(response, 200, { status: "ended" });
    streams += 1;
    stream(response).end(streams < 3 ? EVENTS[streams - 1] : "");
  });
  const events = await all(new VWMClient({ baseUrl: server.url }).sessions.events("s"));
  assert.deepEqual(events.map((event) => event.seq), [1, 3]);
});
