/** One server, and the key to it. */

import { Files } from "./calls/files.js";
import { Keys } from "./calls/keys.js";
import { Requests } from "./calls/requests.js";
import { Runtimes } from "./calls/runtimes.js";
import { Sessions } from "./calls/sessions.js";
import { Settings } from "./calls/settings.js";
import { Workers } from "./calls/workers.js";
import { type CallOptions, Http, type VWMClientOptions } from "./http.js";
import type { Engine, ServerHealth, ServerName, ServerStatus } from "./types.js";

/** A client of one server; nothing is sent before the first call. */
export class VWMClient {
  /** Where the server is. */
  readonly baseUrl: string;
  /** Sessions, with their events, telemetry, stats and transcript. */
  readonly sessions: Sessions;
  /** Turns. */
  readonly requests: Requests;
  /** Files of a session's workspace. */
  readonly files: Files;
  /** Workers. */
  readonly workers: Workers;
  /** Runtimes. */
  readonly runtimes: Runtimes;
  /** Settings. */
  readonly settings: Settings;
  /** API keys. */
  readonly keys: Keys;
  readonly #http: Http;

  constructor(options: VWMClientOptions) {
    const http = new Http(options);
    this.#http = http;
    this.baseUrl = http.baseUrl;
    this.sessions = new Sessions(http);
    this.requests = new Requests(http);
    this.files = new Files(http);
    this.workers = new Workers(http);
    this.runtimes = new Runtimes(http);
    this.settings = new Settings(http);
    this.keys = new Keys(http);
  }

  /** Returns what is there: name and version. */
  name(options: CallOptions = {}): Promise<ServerName> {
    return this.#http.json({ method: "GET", path: [], ...options });
  }

  /** Returns as long as the server runs. */
  health(options: CallOptions = {}): Promise<ServerHealth> {
    return this.#http.json({ method: "GET", path: ["health"], ...options });
  }

  /** Asks once whether the server can work; 503 with the reason where it cannot. */
  ready(options: CallOptions = {}): Promise<ServerHealth> {
    return this.#http.json({ method: "GET", path: ["ready"], repeatable: false, ...options });
  }

  /** Returns version, uptime and environment. */
  status(options: CallOptions = {}): Promise<ServerStatus> {
    return this.#http.json({ method: "GET", path: ["status"], ...options });
  }

  /** Lists the engines that this server knows, with their installed versions. */
  engines(options: CallOptions = {}): Promise<Engine[]> {
    return this.#http.json({ method: "GET", path: ["admin", "engines"], ...options });
  }

  /** Returns the server's numbers in Prometheus's text format. */
  metrics(options: CallOptions = {}): Promise<string> {
    return this.#http.text({ method: "GET", path: ["metrics"], ...options });
  }

  /** Returns the OpenAPI document. */
  openapi(options: CallOptions = {}): Promise<Record<string, unknown>> {
    return this.#http.json({ method: "GET", path: ["openapi.json"], ...options });
  }
}
