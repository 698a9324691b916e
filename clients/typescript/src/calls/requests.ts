/** Requests, which are turns: ask for one, watch it from anywhere, read its answer, ask it again, abort it. */

import { VWMError } from "../error.js";
import { type CallOptions, type Http, type MakeOptions } from "../http.js";
import { type WatchOptions, watch } from "../stream.js";
import type { AcceptedRequest, Answer, Prompt, RequestView, VWEvent } from "../types.js";

/** How a turn is asked for and watched. */
export type TurnOptions = MakeOptions & Omit<WatchOptions, "after">;

/** Which turns are aborted; neither: everything in flight or waiting. */
export interface AbortWhich {
  subsessionId?: string;
  requestId?: string;
}

/** The calls below `/sessions/:id/requests`, and `/abort`. */
export class Requests {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Asks for a turn, which goes on by itself; the same key and body are one turn, however often they are sent. */
  create(session: string, prompt: Prompt, options: MakeOptions = {}): Promise<AcceptedRequest> {
    const { idempotencyKey = crypto.randomUUID(), signal } = options;
    return this.#http.json({ method: "POST", path: ["sessions", session, "requests"], json: prompt, idempotencyKey, signal });
  }

  /** Tells how a turn stands, with its answer once it is over. */
  get(session: string, request: string, options: CallOptions = {}): Promise<RequestView> {
    return this.#http.json({ method: "GET", path: ["sessions", session, "requests", request], ...options });
  }

  /** Watches a turn: what was, then what comes, up to its last event, `complete` or `error`. */
  events(session: string, request: string, options: WatchOptions = {}): AsyncGenerator<VWEvent, void, undefined> {
    const about = ["sessions", session, "requests", request];
    const isOver = (view: RequestView) => view.status !== "pending" && view.status !== "running";
    return watch(this.#http, { path: [...about, "events"], about, isLast: endsTurn, isOver }, options);
  }

  /** Asks for a turn and watches it. */
  async *stream(session: string, prompt: Prompt, options: TurnOptions = {}): AsyncGenerator<VWEvent, void, undefined> {
    const { requestId } = await this.create(session, prompt, options);
    yield* this.events(session, requestId, options);
  }

  /** Asks for a turn and waits for its answer, however long it takes; a turn that failed is an answer, too. */
  async prompt(session: string, prompt: Prompt, options: TurnOptions = {}): Promise<Answer> {
    const { requestId } = await this.create(session, prompt, options);
    for await (const event of this.events(session, requestId, options)) {
      if (event.type === "complete") return event.data;
    }
    const { answer } = await this.get(session, requestId, options);
    if (answer) return answer;
    throw new VWMError("protocol", `the request ${requestId} is over and has no answer; its session may have been removed`);
  }

  /** Asks again what a turn asked that failed, was aborted, or whose outcome nobody knows: a new turn with `retryOf`. */
  retry(session: string, request: string, options: MakeOptions = {}): Promise<AcceptedRequest> {
    const { idempotencyKey = crypto.randomUUID(), signal } = options;
    return this.#http.json({ method: "POST", path: ["sessions", session, "requests", request, "retry"], idempotencyKey, signal });
  }

  /** Aborts turns; nothing in flight is refused with 409. */
  abort(session: string, which: AbortWhich = {}, options: CallOptions = {}): Promise<void> {
    return this.#http.done({ method: "POST", path: ["sessions", session, "abort"], json: which, ...options });
  }
}

/** Whether an event is the last one of its turn. */
export function endsTurn(event: VWEvent): boolean {
  return event.type === "complete" || event.type === "error";
}
