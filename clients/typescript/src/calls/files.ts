/** Files of a session's workspace; paths are relative to its root. */

import { VWMError } from "../error.js";
import { type CallOptions, type Http } from "../http.js";
import type { FileChange, FileContent, FileList } from "../types.js";

/** How many changes are asked for at once: as many as a server tells. */
const PAGE = 1000;

/** The calls below `/sessions/:id/files`. */
export class Files {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Lists a folder; the workspace's root unless said. */
  list(session: string, folder = ".", options: CallOptions = {}): Promise<FileList> {
    return this.#http.json({ method: "GET", path: ["sessions", session, "files"], query: { path: folder }, ...options });
  }

  /** Reads a file as text. */
  async read(session: string, file: string, options: CallOptions = {}): Promise<string> {
    const names = at(session, file);
    // `GET …/files/download/x` fetches x: a file below a folder of that name is read the other way.
    const isShadowed = names.length > 4 && names[3] === "download";
    return this.#http.text({ method: "GET", path: isShadowed ? at(session, file, "download") : names, ...options });
  }

  /** Writes a text, and makes the folders that it needs. */
  async write(session: string, file: string, text: string, options: CallOptions = {}): Promise<void> {
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return this.#http.done({ method: "PUT", path: at(session, file), body: text, headers, ...options });
  }

  /** Deletes a file. */
  async delete(session: string, file: string, options: CallOptions = {}): Promise<void> {
    return this.#http.done({ method: "DELETE", path: at(session, file), ...options });
  }

  /** Sends a file of any kind and size; a stream works where the platform can send one. It is sent once: nothing tries again. */
  upload(session: string, file: string, content: FileContent | ReadableStream<Uint8Array>, options: CallOptions = {}): Promise<void> {
    return this.#http.done({
      method: "POST",
      path: ["sessions", session, "files", "upload"],
      query: { path: file },
      headers: { "content-type": "application/octet-stream" },
      body: content as BodyInit,
      timeoutMs: 0,
      ...options,
    });
  }

  /** Fetches a file whole. */
  async download(session: string, file: string, options: CallOptions = {}): Promise<Uint8Array> {
    const ask = { method: "GET", path: at(session, file, "download"), timeoutMs: 0, ...options } as const;
    return new Uint8Array(await this.#http.run(ask, (response) => response.arrayBuffer()));
  }

  /** Fetches a file as a stream. */
  async downloadStream(session: string, file: string, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#http.open({ method: "GET", path: at(session, file, "download"), ...options });
    return response.body ?? new ReadableStream({ start: (controller) => controller.close() });
  }

  /** Tells what file calls have changed, or tried to, oldest first: all of it, page by page. */
  async changes(session: string, options: CallOptions = {}): Promise<FileChange[]> {
    const changes: FileChange[] = [];
    for (;;) {
      const query = { limit: PAGE, after: changes.at(-1)?.id };
      const path = ["sessions", session, "file-changes"];
      const page = await this.#http.json<FileChange[]>({ method: "GET", path, query, ...options });
      changes.push(...page);
      if (page.length < PAGE) return changes;
    }
  }
}

/** The address of a file. Addresses with `..` are shortened before they are sent, so that they would name something else. */
function at(session: string, file: string, ...before: string[]): string[] {
  const names = file.split("/");
  if (file.startsWith("/") || names.includes("..") || file.includes("\0")) {
    throw new VWMError("usage", `${JSON.stringify(file)} leaves the workspace; give a path relative to its root, without ..`);
  }
  const plain = names.filter((name) => name !== "" && name !== ".");
  if (plain.length === 0) throw new VWMError("usage", `${JSON.stringify(file)} names no file; give a path relative to the workspace`);
  return ["sessions", session, "files", ...before, ...plain];
}
