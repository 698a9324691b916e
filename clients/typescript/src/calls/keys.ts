/** API keys: who may ask. Only an admin's key may. */

import { type CallOptions, type Http } from "../http.js";
import type { Key, KeyWithSecret, NewKey } from "../types.js";

/** The calls below `/admin/keys`. */
export class Keys {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists all keys, without their secrets. */
  list(options: CallOptions = {}): Promise<Key[]> {
    return this.#http.json({ method: "GET", path: ["admin", "keys"], ...options });
  }

  /** Makes a key; its secret is told this once. */
  create(key: NewKey, options: CallOptions = {}): Promise<KeyWithSecret> {
    return this.#http.json({ method: "POST", path: ["admin", "keys"], json: key, ...options });
  }

  /** Gives a key a new secret; the old one opens nothing from then on. */
  rotate(key: string, options: CallOptions = {}): Promise<KeyWithSecret> {
    return this.#http.json({ method: "POST", path: ["admin", "keys", key, "rotate"], ...options });
  }

  /** Revokes a key. */
  revoke(key: string, options: CallOptions = {}): Promise<void> {
    return this.#http.done({ method: "DELETE", path: ["admin", "keys", key], ...options });
  }
}
