/** Client of the Virtual Worker Manager. */

export { VWMClient } from "./client.js";
export type { AbortWhich, TurnOptions } from "./calls/requests.js";
export type { SessionQuery } from "./calls/sessions.js";
export type { ChangeOptions } from "./calls/workers.js";
export type { VWEnvelope, VWErrorEnvelope, VWStatusEnvelope, VWStreamEventEnvelope } from "./envelope.js";
export { VWMError, type VWMErrorKind } from "./error.js";
export type { CallOptions, MakeOptions, VWMClientOptions } from "./http.js";
export { VWSession, type EndOptions } from "./session.js";
export type { WatchOptions } from "./stream.js";
export { NO_RESPONSE, type VWDownloadedFile, type VWInputFile, type VWMissingFile, type VWTurnArgs, type VWTurnResult } from "./turn.js";
export type * from "./types.js";
export { VirtualWorker, type CreateSessionOptions, type VWSessionOptions, type VirtualWorkerOptions } from "./worker.js";
