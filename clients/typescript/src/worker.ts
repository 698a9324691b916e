/** A virtual worker as a program uses it: known by its name, asked for sessions. */

import { VWMClient } from "./client.js";
import { VWMError } from "./error.js";
import type { CallOptions } from "./http.js";
import { VWSession } from "./session.js";
import type { VWInputFile } from "./turn.js";
import type { NewSession, Worker } from "./types.js";

/** What a session is made of, but for its worker. */
export type CreateSessionOptions = Omit<NewSession, "workerId" | "workerName"> & {
  /** What to work on; also called `repository`. */
  sessionRepository?: NewSession["repository"];
};

/** How a session is started. */
export interface VWSessionOptions extends CallOptions {
  createSessionOptions?: CreateSessionOptions;
  /** Uploaded as soon as the session is active. */
  initialFiles?: VWInputFile[];
  breadcrumbs?: string[];
}

/** Which worker, and how to reach it. */
export interface VirtualWorkerOptions {
  name: string;
  /** In Node, one of `VWM_URL` with `VWM_API_KEY` unless set. */
  client?: VWMClient;
  /** What every session has, unless its own options say something else. */
  defaultSessionOptions?: VWSessionOptions;
}

/** A worker. */
export class VirtualWorker {
  readonly name: string;
  readonly #client: VWMClient;
  readonly #defaults: VWSessionOptions;
  #worker: Promise<Worker> | undefined;
  #workerId: string | undefined;

  constructor(options: VirtualWorkerOptions) {
    this.name = options.name;
    this.#client = options.client ?? clientOfEnvironment();
    this.#defaults = options.defaultSessionOptions ?? {};
  }

  /** The client that it asks. */
  getClient(): VWMClient {
    return this.#client;
  }

  /** Finds the worker by its name, once. */
  async resolveWorker(): Promise<Worker> {
    this.#worker ??= this.#client.workers.byName(this.name);
    try {
      const worker = await this.#worker;
      this.#workerId = worker.id;
      return worker;
    } catch (cause) {
      // A worker may be made later.
      this.#worker = undefined;
      throw cause;
    }
  }

  /** Starts a session and waits until it is active; one that fails throws why, and one that is not given back is ended. */
  async startSession(options: VWSessionOptions = {}): Promise<VWSession> {
    const { signal = this.#defaults.signal } = options;
    const { id: workerId } = await this.resolveWorker();
    const made = await this.#client.sessions.create({ ...this.#newSession(options), workerId }, { signal });
    const session = new VWSession({ client: this.#client, sessionId: made.id, workerName: this.name, workerId });
    try {
      await this.#client.sessions.waitFor(made.id, "active", { signal });
      for (const file of options.initialFiles ?? this.#defaults.initialFiles ?? []) {
        await session.uploadFile(file.path, file.content, { signal });
      }
      return session;
    } catch (cause) {
      // What went wrong is worth more than a second failure.
      await session.end({ wait: false }).catch(() => undefined);
      throw cause;
    }
  }

  /** Goes on with a session that was started elsewhere; nothing is asked. */
  reconnectSession(sessionId: string): VWSession {
    return new VWSession({ client: this.#client, sessionId, workerName: this.name, workerId: this.#workerId });
  }

  #newSession(options: VWSessionOptions): CreateSessionOptions {
    const session = { ...this.#defaults.createSessionOptions, ...options.createSessionOptions };
    const breadcrumbs = options.breadcrumbs ?? this.#defaults.breadcrumbs;
    return breadcrumbs === undefined ? session : { ...session, breadcrumbs };
  }
}

function clientOfEnvironment(): VWMClient {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const baseUrl = process?.env?.["VWM_URL"];
  if (!baseUrl) throw new VWMError("usage", "no client is given and VWM_URL is not set: pass a VWMClient, or set VWM_URL and VWM_API_KEY");
  return new VWMClient({ baseUrl, apiKey: process?.env?.["VWM_API_KEY"] });
}
