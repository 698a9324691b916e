/** The words of the contract, as the OpenAPI document says them. */

import type { components } from "./generated/openapi.js";

/** Everything that the document names. */
export type Schemas = components["schemas"];

export type AcceptedRequest = Schemas["AcceptedRequest"];
export type Answer = Schemas["Answer"];
export type Engine = Schemas["Engine"];
export type ErrorBody = Schemas["ErrorBody"];
export type Fault = Schemas["Fault"];
export type FileChange = Schemas["FileChange"];
export type FileEntry = Schemas["FileEntry"];
export type FileList = Schemas["FileList"];
export type Key = Schemas["Key"];
export type KeyWithSecret = Schemas["KeyWithSecret"];
export type NewKey = Schemas["NewKey"];
export type NewSession = Schemas["NewSession"];
export type Prompt = Schemas["Prompt"];
export type PushResult = Schemas["PushResult"];
export type RequestView = Schemas["RequestView"];
export type Runtime = Schemas["Runtime"];
export type ServerHealth = Schemas["ServerHealth"];
export type ServerName = Schemas["ServerName"];
export type ServerStatus = Schemas["ServerStatus"];
export type Session = Schemas["Session"];
export type SessionPage = Schemas["SessionPage"];
export type SessionStatus = Schemas["SessionStatus"];
export type Setting = Schemas["Setting"];
export type Stats = Schemas["Stats"];
export type TelemetryRow = Schemas["TelemetryRow"];
export type TurnStatus = Schemas["TurnStatus"];
export type Worker = Schemas["Worker"];
export type WorkerRevision = Schemas["WorkerRevision"];

/** A runtime as one writes it. */
export type NewRuntime = Schemas["NewRuntime"];
/** What of a runtime changes; the rest stays. */
export type RuntimeChange = Schemas["RuntimeChange"];
/** A worker as one writes it; what is left out has the server's default. */
export type NewWorker = Schemas["NewWorker"];
/** What of a worker changes; the rest stays. */
export type WorkerChange = Schemas["WorkerChange"];

/**
 * One event of a session, with its number. A newer server may send types that are not in this union: they are passed
 * through, so a `switch` over `type` needs a `default`.
 */
export type VWEvent = Schemas["Event"] & { seq: number };

/** What a file may hold when it is sent. */
export type FileContent = string | Uint8Array | Blob;
