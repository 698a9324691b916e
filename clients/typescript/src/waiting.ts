/** Waiting: for a time, and between attempts. Every wait ends when its signal does. */

import type { VWMError } from "./error.js";

/** A server that asks for a longer pause than this is not waited for. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Waits; an aborted signal throws its reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Pauses that double, up to a number of attempts or a patience that begins with the first of them. */
export class Backoff {
  #attempts = 0;
  #until: number | undefined;
  readonly #limits: { attempts?: number; patienceMs?: number; firstMs: number; longestMs: number };

  constructor(limits: { attempts?: number; patienceMs?: number; firstMs: number; longestMs: number }) {
    this.#limits = limits;
  }

  /** Waits before the next attempt, as long as the server asked for; throws the failure when there is to be none. */
  async wait(failure: VWMError, signal?: AbortSignal): Promise<void> {
    const { attempts = Infinity, patienceMs = Infinity, firstMs, longestMs } = this.#limits;
    const doubled = Math.min(firstMs * 2 ** this.#attempts, longestMs);
    // Clients that were cut off together do not come back together.
    const jittered = doubled * (0.5 + Math.random() / 2);
    const asked = (failure.retryAfter ?? 0) * 1000;
    const pause = Math.max(jittered, asked);
    this.#until ??= Date.now() + patienceMs;
    this.#attempts += 1;
    const isTooLate = Date.now() + pause > this.#until;
    if (this.#attempts > attempts || isTooLate || asked > LONGEST_RETRY_AFTER_MS) throw failure;
    await sleep(pause, signal);
  }

  /** All is well again. */
  reset(): void {
    this.#attempts = 0;
    this.#until = undefined;
  }
}
