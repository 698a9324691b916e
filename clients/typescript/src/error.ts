/** What can go wrong when asking: a refusal, a connection that fails, a silence, an answer that nobody understands. */

import type { ErrorBody, Fault } from "./types.js";

/**
 * Why a call gave no answer that can be used: `refused` by the server, `network` and `timeout` on the way,
 * `protocol` for an answer that the contract does not know, `usage` for a call that was never sent.
 */
export type VWMErrorKind = "refused" | "network" | "timeout" | "protocol" | "usage";

/** What an error knows beside its sentence. */
export interface VWMErrorParts {
  status?: number;
  details?: Fault[];
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** The one error that this client throws; only an `AbortSignal` throws its own reason. */
export class VWMError extends Error {
  override readonly name = "VWMError";
  /** What kind of failure it is. */
  readonly kind: VWMErrorKind;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Every fault of the input, with its path and code. */
  readonly details: Fault[];
  /** What to look for in the server's log. */
  readonly requestId: string | undefined;
  /** In how many seconds the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(kind: VWMErrorKind, message: string, parts: VWMErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.kind = kind;
    this.status = parts.status ?? 0;
    this.details = parts.details ?? [];
    this.requestId = parts.requestId;
    this.retryAfter = parts.retryAfter;
  }

  /** Whether the same call may do better in a moment: the server is away, starting or busy. */
  get isPassing(): boolean {
    switch (this.kind) {
      case "network":
      case "timeout":
        return true;
      case "refused":
        return [429, 502, 503, 504].includes(this.status);
      case "protocol":
      case "usage":
        return false;
    }
  }
}

/** Reads a refusal. */
export async function refusal(response: Response): Promise<VWMError> {
  const text = await response.text();
  const body = errorBody(text);
  const shown = text.trim().slice(0, 300) || `the answer was ${response.status} without a word`;
  return new VWMError("refused", body?.error ?? shown, {
    status: response.status,
    details: body?.details ?? [],
    requestId: body?.requestId ?? response.headers.get("x-request-id") ?? undefined,
    retryAfter: seconds(response.headers.get("retry-after")),
  });
}

/** Says what a connection's failure means; an error that is ours already stays what it is. */
export function fault(error: unknown, where: string): VWMError {
  if (error instanceof VWMError) return error;
  const said = innermost(error);
  return new VWMError("network", `no whole answer from ${where}: ${said}; is the server running and reachable?`, { cause: error });
}

function innermost(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}

function errorBody(text: string): ErrorBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const isOne = typeof body === "object" && body !== null && "error" in body && typeof body.error === "string";
    return isOne ? (body as ErrorBody) : undefined;
  } catch {
    return undefined;
  }
}

/** `Retry-After` is a number of seconds or a date. */
function seconds(header: string | null): number | undefined {
  if (header === null) return undefined;
  const number = Number(header);
  if (header.trim() !== "" && Number.isFinite(number)) return Math.max(0, number);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}
