/** Turns as tests look at them. */

import assert from "node:assert/strict";
import type { VWEnvelope, VWEvent, VWTurnResult } from "vwm-client";

/** Runs a turn, gathers its envelopes and what it returns. */
export async function gather(turn: AsyncGenerator<VWEnvelope, VWTurnResult>, each: (envelope: VWEnvelope) => unknown = () => undefined) {
  const envelopes: VWEnvelope[] = [];
  for (;;) {
    const { done, value } = await turn.next();
    if (done) return { envelopes, result: value };
    envelopes.push(value);
    await each(value);
  }
}

/** The events among them. */
export function events(envelopes: VWEnvelope[]): VWEvent[] {
  return envelopes.flatMap((envelope) => (envelope.type === "VW_STREAM_EVENT" ? [envelope.event] : []));
}

/** The text of all deltas. */
export function texts(events: VWEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.data : "")).join("");
}

/** What every stream of a turn must be. */
export function assertWhole(events: VWEvent[]): void {
  assert.equal(events[0]?.type, "start");
  const seqs = events.map((event) => event.seq);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((one, other) => one - other), "every event once and in order");
  const ends = events.filter((event) => event.type === "complete" || event.type === "error");
  assert.equal(ends.length, 1);
  assert.equal(events.at(-1), ends[0]);
}
