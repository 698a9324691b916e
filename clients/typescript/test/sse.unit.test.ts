import assert from "node:assert/strict";
import { test } from "node:test";
import { type Frame, frames } from "../dist/sse.js";
import { all } from "./support/fake.js";

const TEXT = '\u{feff}: hello\nretry: 1000\n\nid: 1\ndata: {"a":"ü€😀"}\n\n:\n\nid:2\r\ndata:x\r\ndata:  y\r\n\r\nfuture: 1\n\nid: 3\ndata: cut';
const FRAMES: Frame[] = [
  { id: "1", data: '{"a":"ü€😀"}' },
  { id: "2", data: "x\n y" },
];

function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

test("bytes in pieces of any size give the same frames, and a frame that is cut off gives none", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let size = 1; size <= bytes.length; size += 1) {
    assert.deepEqual(await all(frames(inPieces(bytes, size), 1_000)), FRAMES, `in pieces of ${size}`);
  }
});

test("a silent stream is a timeout, and signs of life keep it from being one", { timeout: 10_000 }, async () => {
  let signs = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // The stream is alive for three times as long as it may be silent, and silent then.
      if (signs === 30) return new Promise(() => undefined);
      signs += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.enqueue(new TextEncoder().encode(signs === 30 ? "id: 1\ndata: x\n\n" : ":\n\n"));
    },
    cancel() {
      isCancelled = true;
    },
  });
  const reading = frames(body, 500);
  assert.deepEqual(await reading.next(), { done: false, value: { id: "1", data: "x" } });
  await assert.rejects(reading.next(), { kind: "timeout", status: 0 });
  assert.ok(isCancelled);
});
