/** Sessions: make, list, show, wait, watch, suspend, resume, end, and what is told of them. */

import { VWMError } from "../error.js";
import { type CallOptions, type Http, type MakeOptions } from "../http.js";
import { type WatchOptions, watch } from "../stream.js";
import type { NewSession, PushResult, Session, SessionPage, SessionStatus, Stats, TelemetryRow, VWEvent } from "../types.js";
import { sleep } from "../waiting.js";

/** Which sessions are listed, and from where on. */
export interface SessionQuery {
  status?: SessionStatus;
  workerId?: string;
  breadcrumb?: string;
  limit?: number;
  cursor?: string;
}

/** The calls below `/sessions/:id`, but for requests and files. */
export class Sessions {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Makes a session, which is pending at first; the repository may also be called `sessionRepository`. */
  create(session: NewSession & { sessionRepository?: NewSession["repository"] }, options: MakeOptions = {}): Promise<Session> {
    const { idempotencyKey = crypto.randomUUID(), signal } = options;
    return this.#http.json({ method: "POST", path: ["sessions"], json: session, idempotencyKey, signal });
  }

  /** Lists sessions, newest first: one page. */
  list(query: SessionQuery = {}, options: CallOptions = {}): Promise<SessionPage> {
    return this.#http.json({ method: "GET", path: ["sessions"], query: { ...query }, ...options });
  }

  /** Tells how a session stands. */
  get(session: string, options: CallOptions = {}): Promise<Session> {
    return this.#http.json({ method: "GET", path: ["sessions", session], ...options });
  }

  /** Waits until a session has a status; one that can no more have it throws its `statusReason`. */
  async waitFor(session: string, status: SessionStatus, options: CallOptions = {}): Promise<Session> {
    for (let pause = 50; ; pause = Math.min(pause * 1.5, 1_000)) {
      const now = await this.get(session, options);
      if (now.status === status) return now;
      const isLost = now.status === "ended" || (now.status === "failed" && status !== "ended");
      if (isLost) {
        const reason = now.statusReason ?? "no reason is known";
        throw new VWMError("refused", `Session ${session} is ${now.status}, not ${status}: ${reason}`);
      }
      await sleep(pause, options.signal);
    }
  }

  /** Watches a whole session: what was, then what comes, until it has ended. */
  events(session: string, options: WatchOptions = {}): AsyncGenerator<VWEvent, void, undefined> {
    const isOver = (now: Session) => now.status === "ended";
    return watch(this.#http, { path: ["sessions", session, "events"], about: ["sessions", session], isLast: () => false, isOver }, options);
  }

  /** Suspends a session in which nothing runs or waits; the next prompt or file call resumes it by itself. 409 where something does. */
  suspend(session: string, options: CallOptions = {}): Promise<Session> {
    return this.#http.json({ method: "POST", path: ["sessions", session, "suspend"], ...options });
  }

  /** Asks that a suspended session resume, or that a failed one be started again, and does not wait for it. */
  resume(session: string, options: CallOptions = {}): Promise<Session> {
    return this.#http.json({ method: "POST", path: ["sessions", session, "resume"], ...options });
  }

  /** Asks the same, and waits until the session is active; one that does not get there throws its `statusReason`. */
  async resumeAndWait(session: string, options: CallOptions = {}): Promise<Session> {
    let now = await this.resume(session, options);
    for (let pause = 10; now.status !== "active"; pause = Math.min(pause * 2, 500)) {
      const isOnItsWay = now.status === "pending" || (now.status === "suspended" && now.resuming === true);
      if (!isOnItsWay) {
        const reason = now.statusReason ?? "no reason is known";
        throw new VWMError("refused", `Session ${session} is ${now.status}, not active: ${reason}`);
      }
      await sleep(pause, options.signal);
      now = await this.get(session, options);
    }
    return now;
  }

  /** Asks a session to end, and does not wait for it; asking again changes nothing. */
  end(session: string, options: CallOptions = {}): Promise<void> {
    return this.#http.done({ method: "DELETE", path: ["sessions", session], ...options });
  }

  /** Pushes the branches that the end could not push. */
  push(session: string, options: CallOptions = {}): Promise<PushResult> {
    return this.#http.json({ method: "POST", path: ["sessions", session, "push"], ...options });
  }

  /** Returns all turns of a session, oldest first. */
  telemetry(session: string, options: CallOptions = {}): Promise<TelemetryRow[]> {
    return this.#http.json({ method: "GET", path: ["sessions", session, "telemetry"], ...options });
  }

  /** Returns a session's turns in numbers. */
  stats(session: string, options: CallOptions = {}): Promise<Stats> {
    return this.#http.json({ method: "GET", path: ["sessions", session, "stats"], ...options });
  }

  /** Reads a session's transcript, one line of JSON after the other. */
  async *transcript(session: string, options: CallOptions = {}): AsyncGenerator<unknown, void, undefined> {
    const response = await this.#http.open({ method: "GET", path: ["sessions", session, "transcript"], ...options });
    for await (const line of lines(response)) {
      yield JSON.parse(line);
    }
  }
}

async function* lines(response: Response): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const whole = rest.split("\n");
      rest = done ? "" : (whole.pop() ?? "");
      yield* whole.filter((line) => line.trim() !== "");
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
