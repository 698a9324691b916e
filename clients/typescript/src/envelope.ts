/** Envelopes: what a session's `prompt` yields while a turn runs. */

import type { VWEvent } from "./types.js";

/** A turn began, completed or failed. */
export interface VWStatusEnvelope {
  type: "VW_STATUS";
  status: "STARTED" | "COMPLETED" | "FAILED";
  message: string;
}

/** Something happened in the turn. */
export interface VWStreamEventEnvelope {
  type: "VW_STREAM_EVENT";
  event: VWEvent;
}

/** Something went wrong; the turn may go on. */
export interface VWErrorEnvelope {
  type: "VW_ERROR";
  message: string;
}

/** What a turn yields, beginning with `STARTED` and ending with `COMPLETED` or `FAILED`. */
export type VWEnvelope = VWStatusEnvelope | VWStreamEventEnvelope | VWErrorEnvelope;

/** Makes a status. */
export function status(status: VWStatusEnvelope["status"], message: string): VWStatusEnvelope {
  return { type: "VW_STATUS", status, message };
}

/** Makes an error. */
export function error(message: string): VWErrorEnvelope {
  return { type: "VW_ERROR", message };
}
