/** Runtimes: where workers run. */

import { type CallOptions, type Http } from "../http.js";
import type { NewRuntime, Runtime, RuntimeChange } from "../types.js";

/** The calls below `/admin/runtimes`. */
export class Runtimes {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists runtimes; with a tag only those that carry it. */
  list(query: { tag?: string } = {}, options: CallOptions = {}): Promise<Runtime[]> {
    return this.#http.json({ method: "GET", path: ["admin", "runtimes"], query: { ...query }, ...options });
  }

  /** Returns a runtime. */
  get(runtime: string, options: CallOptions = {}): Promise<Runtime> {
    return this.#http.json({ method: "GET", path: ["admin", "runtimes", runtime], ...options });
  }

  /** Returns a runtime by its name. */
  byName(name: string, options: CallOptions = {}): Promise<Runtime> {
    return this.#http.json({ method: "GET", path: ["admin", "runtimes", "by-name", name], ...options });
  }

  /** Makes a runtime. */
  create(runtime: NewRuntime, options: CallOptions = {}): Promise<Runtime> {
    return this.#http.json({ method: "POST", path: ["admin", "runtimes"], json: runtime, ...options });
  }

  /** Changes what is given and leaves the rest. */
  update(runtime: string, changes: RuntimeChange, options: CallOptions = {}): Promise<Runtime> {
    return this.#http.json({ method: "PUT", path: ["admin", "runtimes", runtime], json: changes, ...options });
  }

  /** Deletes a runtime; 409 while workers use it. */
  delete(runtime: string, options: CallOptions = {}): Promise<void> {
    return this.#http.done({ method: "DELETE", path: ["admin", "runtimes", runtime], ...options });
  }
}
