/** Gates that hold a scripted agent in the middle of a turn until a test lets it go on. */

import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Gates by name; each is shut until it is opened, and stays open. */
export class Gates {
  readonly #server = createServer((request, response) => {
    const gate = decodeURIComponent((request.url ?? "").replace("/__hold/", ""));
    this.#gate(gate).held.push(response);
    this.#tell();
  });
  readonly #gates = new Map<string, { isOpen: boolean; held: ServerResponse[] }>();
  #watchers: (() => void)[] = [];

  /** Begins; what an agent's script calls its control. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until an agent is held at a gate. */
  async held(name: string): Promise<void> {
    while (this.#gate(name).held.length === 0) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  /** Lets all go on. */
  open(name: string): void {
    this.#gate(name).isOpen = true;
    this.#tell();
  }

  /** Ends. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #gate(name: string) {
    const gate = this.#gates.get(name) ?? { isOpen: false, held: [] };
    this.#gates.set(name, gate);
    return gate;
  }

  #tell(): void {
    for (const gate of this.#gates.values()) {
      if (gate.isOpen) for (const response of gate.held.splice(0)) response.end("{}");
    }
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
