/** A session as a program uses it: turn after turn, files in between, and an end. */

import type { VWMClient } from "./client.js";
import type { VWEnvelope } from "./envelope.js";
import { VWMError } from "./error.js";
import type { CallOptions } from "./http.js";
import { type VWTurnArgs, type VWTurnResult, run } from "./turn.js";
import type { FileContent } from "./types.js";

/** Whose session it is. */
export interface VWSessionParts {
  client: VWMClient;
  sessionId: string;
  workerName: string;
  /** Unknown in a session that was reconnected before its worker was ever asked for. */
  workerId: string | undefined;
}

/** How a session is ended. */
export interface EndOptions extends CallOptions {
  /** Whether to wait until what it leaves is pushed and kept; true unless set. */
  wait?: boolean;
}

/** One session. After its end every call throws. */
export class VWSession {
  readonly sessionId: string;
  readonly workerName: string;
  readonly workerId: string | undefined;
  readonly #client: VWMClient;
  readonly #results: VWTurnResult[] = [];
  #isEnded = false;

  constructor(parts: VWSessionParts) {
    this.#client = parts.client;
    this.sessionId = parts.sessionId;
    this.workerName = parts.workerName;
    this.workerId = parts.workerId;
  }

  /** Runs a turn, yields what happens and returns what came of it. Leaving it early aborts nothing. */
  async *prompt(args: VWTurnArgs | string): AsyncGenerator<VWEnvelope, VWTurnResult, undefined> {
    this.#check();
    const asked = typeof args === "string" ? { prompt: args } : args;
    const turn = yield* run(this.#client, this.sessionId, asked);
    const result = { ...turn, turnIndex: this.#results.length };
    this.#results.push(result);
    return result;
  }

  /** Runs a turn and returns what came of it. */
  async executePrompt(args: VWTurnArgs | string): Promise<VWTurnResult> {
    const turn = this.prompt(args);
    for (;;) {
      const { done, value } = await turn.next();
      if (done) return value;
    }
  }

  /** Aborts what is in flight or waits, of one conversation or of all; 409 when there is nothing. */
  async abort(subsessionId?: string, options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.requests.abort(this.sessionId, subsessionId === undefined ? {} : { subsessionId }, options);
  }

  /** Sends a file of any kind. */
  async uploadFile(path: string, content: FileContent | ReadableStream<Uint8Array>, options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.files.upload(this.sessionId, path, content, options);
  }

  /** Fetches a file of any kind. */
  async downloadFile(path: string, options: CallOptions = {}): Promise<Uint8Array> {
    this.#check();
    return this.#client.files.download(this.sessionId, path, options);
  }

  /** Reads a text file. */
  async readFile(path: string, options: CallOptions = {}): Promise<string> {
    this.#check();
    return this.#client.files.read(this.sessionId, path, options);
  }

  /** Writes a text file. */
  async writeFile(path: string, text: string, options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.files.write(this.sessionId, path, text, options);
  }

  /** Deletes a file. */
  async deleteFile(path: string, options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.files.delete(this.sessionId, path, options);
  }

  /** Suspends the session while nothing runs or waits in it; the next prompt or file call resumes it by itself. */
  async suspend(options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.sessions.suspend(this.sessionId, options);
  }

  /** Resumes the session, and waits until it is active. */
  async resume(options: CallOptions = {}): Promise<void> {
    this.#check();
    await this.#client.sessions.resumeAndWait(this.sessionId, options);
  }

  /** Ends the session: learn, commit, push, remove the workspace. Ending it again changes nothing. */
  async end(options: EndOptions = {}): Promise<void> {
    const { wait = true, signal } = options;
    await this.#client.sessions.end(this.sessionId, { signal });
    this.#isEnded = true;
    if (wait) await this.#client.sessions.waitFor(this.sessionId, "ended", { signal });
  }

  /** What came of the turns so far, oldest first. */
  getTurnResults(): VWTurnResult[] {
    return [...this.#results];
  }

  /** How many turns are over. */
  getTurnCount(): number {
    return this.#results.length;
  }

  /** Whether this object was told to end its session. */
  isEnded(): boolean {
    return this.#isEnded;
  }

  #check(): void {
    if (!this.#isEnded) return;
    throw new VWMError("usage", `Session ${this.sessionId} has already been ended: start another with startSession()`);
  }
}
