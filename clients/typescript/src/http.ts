/** How every call reaches the server: addresses, the key, deadlines, trying again where that is harmless. */

import { VWMError, fault, refusal } from "./error.js";
import { Backoff } from "./waiting.js";

/** What a client is made of. */
export interface VWMClientOptions {
  /** Where the server is, as `http://127.0.0.1:7420`. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer`. */
  apiKey?: string | undefined;
  /** Instead of the platform's own. */
  fetch?: typeof fetch | undefined;
  /** How long a plain call may take, 60,000 unless set; streams, uploads and downloads are bounded by silence instead. */
  timeoutMs?: number | undefined;
  /** How often a call is tried again where that is harmless; 4 unless set. */
  retries?: number | undefined;
}

/** What every call takes: a signal that ends it. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** What a call that makes something takes: the same key and body make one thing, however often they are sent. */
export interface MakeOptions extends CallOptions {
  /** One is made for each call unless set. */
  idempotencyKey?: string | undefined;
}

/** One request. */
export interface Ask extends CallOptions {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Its segments, not yet encoded. */
  path: string[];
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: BodyInit;
  idempotencyKey?: string | undefined;
  /** How long the whole answer may take; 0: however long. */
  timeoutMs?: number;
  /** Whether asking twice does no more than asking once; by its method and its key unless said. */
  repeatable?: boolean;
}

/** The transport. */
export class Http {
  readonly baseUrl: string;
  readonly #options: VWMClientOptions;

  constructor(options: VWMClientOptions) {
    const { protocol } = parse(options.baseUrl);
    if (protocol !== "http:" && protocol !== "https:") throw notAnAddress(options.baseUrl);
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    // A key that was read from a file ends with a line feed.
    this.#options = { ...options, apiKey: options.apiKey?.trim() };
  }

  /** Asks, and reads JSON. */
  json<T>(ask: Ask): Promise<T> {
    return this.run(ask, async (response) => {
      const text = await response.text();
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        const message = `${this.baseUrl} answered what is not JSON; is a VWM server there, or something in between?`;
        throw new VWMError("protocol", message, { status: response.status, cause });
      }
    });
  }

  /** Asks, and reads text. */
  text(ask: Ask): Promise<string> {
    return this.run(ask, (response) => response.text());
  }

  /** Asks, and needs no more than that it was done. */
  async done(ask: Ask): Promise<void> {
    await this.run(ask, (response) => response.arrayBuffer());
  }

  /** Asks, again where that is harmless, and reads the answer within the same deadline. */
  async run<T>(ask: Ask, read: (response: Response) => Promise<T>): Promise<T> {
    const isHarmless = ask.repeatable ?? (ask.method !== "POST" || ask.idempotencyKey !== undefined);
    const backoff = new Backoff({ attempts: isHarmless ? (this.#options.retries ?? 4) : 0, firstMs: 200, longestMs: 5_000 });
    const { url, init } = this.#prepare(ask);
    for (;;) {
      try {
        return await this.#attempt(url, init, ask, read);
      } catch (error) {
        if (ask.signal?.aborted) throw ask.signal.reason;
        const failure = fault(error, this.baseUrl);
        if (!failure.isPassing) throw failure;
        await backoff.wait(failure, ask.signal);
      }
    }
  }

  /** Asks, and gives the answer as soon as it begins; the deadline is for its beginning. */
  open(ask: Ask): Promise<Response> {
    return this.run(ask, async (response) => response);
  }

  async #attempt<T>(url: URL, init: RequestInit, ask: Ask, read: (response: Response) => Promise<T>): Promise<T> {
    const within = ask.timeoutMs ?? this.#options.timeoutMs ?? 60_000;
    const late = new AbortController();
    const timer = within === 0 ? undefined : setTimeout(() => late.abort(), within);
    // Called without an owner: browsers refuse a `fetch` that is a method of something else.
    const send = this.#options.fetch ?? fetch;
    const signal = ask.signal === undefined ? late.signal : AbortSignal.any([ask.signal, late.signal]);
    try {
      const response = await send(url, { ...init, signal });
      if (!response.ok) throw await refusal(response);
      return await read(response);
    } catch (error) {
      if (late.signal.aborted && !ask.signal?.aborted) {
        throw new VWMError("timeout", `${this.baseUrl} gave no answer within ${within} ms; it may be overloaded or stopped`);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #prepare(ask: Ask): { url: URL; init: RequestInit } {
    try {
      return this.#request(ask);
    } catch (cause) {
      if (cause instanceof VWMError) throw cause;
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new VWMError("usage", `the call cannot be sent: ${said}`, { cause });
    }
  }

  #request(ask: Ask): { url: URL; init: RequestInit } {
    const url = new URL(`${this.baseUrl}/${ask.path.map(segment).join("/")}`);
    for (const [name, value] of Object.entries(ask.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers = new Headers();
    if (this.#options.apiKey) headers.set("authorization", `Bearer ${this.#options.apiKey}`);
    if (ask.json !== undefined) headers.set("content-type", "application/json");
    if (ask.idempotencyKey !== undefined) headers.set("idempotency-key", ask.idempotencyKey);
    for (const [name, value] of Object.entries(ask.headers ?? {})) {
      if (value !== undefined) headers.set(name, value);
    }
    const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
    const init: RequestInit & { duplex?: "half" } = { method: ask.method, headers, redirect: "error" };
    if (body !== undefined) init.body = body;
    // What browsers and Node ask for where a body is a stream.
    if (body instanceof ReadableStream) init.duplex = "half";
    return { url, init };
  }
}

/** Encodes a part of an address; what would lead to another address is refused before it is sent. */
function segment(part: string): string {
  if (part === "" || part === "." || part === "..") {
    throw new VWMError("usage", `${JSON.stringify(part)} cannot be a part of an address; give an id or a name`);
  }
  return encodeURIComponent(part);
}

function parse(baseUrl: string): URL {
  try {
    return new URL(baseUrl);
  } catch {
    throw notAnAddress(baseUrl);
  }
}

function notAnAddress(baseUrl: string): VWMError {
  return new VWMError("usage", `${JSON.stringify(baseUrl)} is not the address of a server; it looks like http://127.0.0.1:7420`);
}
