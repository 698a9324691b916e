/** A tiny server in this process whose answers each test writes itself. */

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface Fake {
  url: string;
  /** Every request so far. */
  seen: Seen[];
}

/** Starts a server; it goes with its test. */
export async function fake(test: TestContext, answer: (seen: Seen, response: ServerResponse) => void): Promise<Fake> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const one = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Answers JSON. */
export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Begins a stream. */
export function stream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  return response;
}

/** Writes, and cuts the connection once that is on its way. */
export function cut(response: ServerResponse, bytes: Uint8Array): void {
  response.write(bytes, () => response.socket?.destroy());
}

/** An event's frame. */
export function frame(seq: number, type: string, data: unknown): Buffer {
  return Buffer.from(`id: ${seq}\ndata: ${JSON.stringify({ type, data, requestId: "r" })}\n\n`);
}

/** Gathers all that comes. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}
