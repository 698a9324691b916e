/** Settings: what holds for every worker. */

import { type CallOptions, type Http } from "../http.js";
import type { Setting } from "../types.js";

/** The calls below `/admin/settings`. */
export class Settings {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists all settings, without their history. */
  list(options: CallOptions = {}): Promise<Setting[]> {
    return this.#http.json({ method: "GET", path: ["admin", "settings"], ...options });
  }

  /** Returns a setting with its history. */
  get(key: string, options: CallOptions = {}): Promise<Setting> {
    return this.#http.json({ method: "GET", path: ["admin", "settings", key], ...options });
  }

  /** Sets it to any JSON but null; a key that the server does not know is kept, with a warning. */
  set(key: string, value: unknown, options: CallOptions = {}): Promise<Setting> {
    return this.#http.json({ method: "PUT", path: ["admin", "settings", key], json: { value }, ...options });
  }
}
