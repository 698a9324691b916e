/** Workers: the definitions of team members, with their revisions and sessions. */

import { type CallOptions, type Http } from "../http.js";
import type { NewWorker, Session, Worker, WorkerChange, WorkerRevision } from "../types.js";

/** How a worker is changed. */
export interface ChangeOptions extends CallOptions {
  /** Refuses with 412 unless the worker stands at this revision. */
  ifRevision?: number;
  /** Overrides a lock; an admin's key only, and it is recorded. */
  force?: boolean;
}

/** The calls below `/admin/workers`. */
export class Workers {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists all workers. */
  list(options: CallOptions = {}): Promise<Worker[]> {
    return this.#http.json({ method: "GET", path: ["admin", "workers"], ...options });
  }

  /** Returns a worker. */
  get(worker: string, options: CallOptions = {}): Promise<Worker> {
    return this.#http.json({ method: "GET", path: ["admin", "workers", worker], ...options });
  }

  /** Returns a worker by its name. */
  byName(name: string, options: CallOptions = {}): Promise<Worker> {
    return this.#http.json({ method: "GET", path: ["admin", "workers", "by-name", name], ...options });
  }

  /** Makes a worker. */
  create(worker: NewWorker, options: CallOptions = {}): Promise<Worker> {
    return this.#http.json({ method: "POST", path: ["admin", "workers"], json: worker, ...options });
  }

  /** Changes what is given and leaves the rest. */
  update(worker: string, changes: WorkerChange, options: ChangeOptions = {}): Promise<Worker> {
    const { ifRevision, force, signal } = options;
    const headers = { "if-match": ifRevision === undefined ? undefined : `"${ifRevision}"` };
    return this.#http.json({ method: "PUT", path: ["admin", "workers", worker], json: changes, query: { force }, headers, signal });
  }

  /** Deletes a worker; 409 while sessions of it live. */
  delete(worker: string, options: Omit<ChangeOptions, "ifRevision"> = {}): Promise<void> {
    const { force, signal } = options;
    return this.#http.done({ method: "DELETE", path: ["admin", "workers", worker], query: { force }, signal });
  }

  /** Returns what a worker was, with every change. */
  revisions(worker: string, options: CallOptions = {}): Promise<WorkerRevision[]> {
    return this.#http.json({ method: "GET", path: ["admin", "workers", worker, "revisions"], ...options });
  }

  /** Returns a worker's newest sessions, at most 100, newest first; `sessions.list` has all, page by page. */
  sessions(worker: string, options: CallOptions = {}): Promise<Session[]> {
    return this.#http.json({ method: "GET", path: ["admin", "workers", worker, "sessions"], ...options });
  }
}
