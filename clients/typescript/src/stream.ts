/** Events as they come: a stream that comes back by itself where it was cut, with nothing lost and nothing twice. */

import { VWMError } from "./error.js";
import type { CallOptions, Http } from "./http.js";
import { type Frame, frames } from "./sse.js";
import type { VWEvent } from "./types.js";
import { Backoff } from "./waiting.js";

/** A connection that lived so long was a good one. */
const GOOD_MS = 5_000;

/** How a stream is watched. */
export interface WatchOptions extends CallOptions {
  /** The seq of the last event that is known already; from the first one unless set. */
  after?: number | undefined;
  /** How long nothing may come before the connection counts as cut; 35,000 unless set, since the server gives a sign of life every 10 s. */
  silenceMs?: number | undefined;
  /** How long the server may be away in the middle of a stream; 300,000 unless set. */
  patienceMs?: number | undefined;
  /** Is told when the connection is lost, with the reason, and without one when it is back. */
  onConnection?: ((state: "lost" | "back", reason?: VWMError) => void) | undefined;
}

/** Where the events come from, and how to know that no more will come. */
export interface Source<About> {
  path: string[];
  isLast(event: VWEvent): boolean;
  /** Where the server tells how what is watched stands. */
  about: string[];
  isOver(about: About): boolean;
}

/** Reads events after a seq: what was, then what comes. It ends with the last event, or when all is over without one. */
export async function* watch<About>(
  http: Http,
  source: Source<About>,
  options: WatchOptions = {},
): AsyncGenerator<VWEvent, void, undefined> {
  const { signal, silenceMs = 35_000, patienceMs = 300_000, onConnection } = options;
  const backoff = new Backoff({ patienceMs, firstMs: 100, longestMs: 2_000 });
  let after = options.after ?? 0;
  let isLost = false;
  let wasOver = false;
  for (;;) {
    const since = Date.now();
    let failure: VWMError;
    try {
      const body = await open(http, source.path, after, silenceMs, signal);
      if (isLost) onConnection?.("back");
      isLost = false;
      for await (const frame of frames(body, silenceMs)) {
        const event = read(frame);
        // A server may begin earlier than it was asked to.
        if (event.seq <= after) continue;
        after = event.seq;
        backoff.reset();
        yield event;
        if (source.isLast(event)) return;
      }
      if (wasOver) return;
      // A server that stops closes its streams, too. What came between its last frame and the end is read once more.
      wasOver = source.isOver(await http.json<About>({ method: "GET", path: source.about, repeatable: false, signal }));
      if (wasOver) continue;
      failure = new VWMError("network", `${http.baseUrl} closed the stream`);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof VWMError) || !error.isPassing) throw error;
      failure = error;
    }
    if (!isLost) onConnection?.("lost", failure);
    isLost = true;
    if (Date.now() - since > GOOD_MS) backoff.reset();
    await backoff.wait(failure, signal);
  }
}

async function open(http: Http, path: string[], after: number, silenceMs: number, signal?: AbortSignal) {
  const headers = { accept: "text/event-stream", "last-event-id": after > 0 ? String(after) : undefined };
  const response = await http.open({ method: "GET", path, headers, timeoutMs: silenceMs, repeatable: false, signal });
  const kind = response.headers.get("content-type") ?? "none";
  if (response.body !== null && kind.startsWith("text/event-stream")) return response.body;
  await response.body?.cancel();
  throw new VWMError("protocol", `${http.baseUrl} answered a stream with the content type ${kind}; is a VWM server there?`);
}

/** Reads an event; a type that a newer server may know is passed through. */
function read(frame: Frame): VWEvent {
  const seq = Number(frame.id);
  let event: unknown;
  try {
    event = JSON.parse(frame.data);
  } catch {
    event = undefined;
  }
  const hasType = typeof event === "object" && event !== null && "type" in event && typeof event.type === "string";
  if (!hasType || !Number.isSafeInteger(seq) || seq <= 0) {
    const shown = frame.data.slice(0, 100);
    throw new VWMError("protocol", `the frame ${frame.id ?? "without id"} is not an event: ${shown}; are client and server of the same version?`);
  }
  return { ...(event as VWEvent), seq };
}
