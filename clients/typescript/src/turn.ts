/** One turn of a session: files go in, the prompt runs, envelopes come out, files are fetched. */

import type { VWMClient } from "./client.js";
import { type VWEnvelope, error, status } from "./envelope.js";
import { VWMError } from "./error.js";
import type { CallOptions } from "./http.js";
import type { Answer, FileContent, Prompt, RequestView } from "./types.js";

/** The response of a turn whose stream ended without one. */
export const NO_RESPONSE = "[No response received]";

/** A file that is sent. */
export interface VWInputFile {
  /** Relative to the workspace's root. */
  path: string;
  content: FileContent;
}

/** A file that was fetched. */
export interface VWDownloadedFile {
  path: string;
  content: Uint8Array;
}

/** A file that was asked for and could not be fetched. */
export interface VWMissingFile {
  path: string;
  message: string;
}

/** What is asked in a turn. */
export interface VWTurnArgs extends CallOptions {
  prompt: string;
  /** In seconds, from the start of the turn. */
  timeout?: number;
  breadcrumbs?: string[];
  /** Which conversation; the session's main one unless set. */
  subsessionId?: string;
  /** Uploaded before the prompt. */
  inputFiles?: VWInputFile[];
  /** Downloaded after a turn that completed. */
  outputFilePaths?: string[];
  /** The same key and prompt are one turn; one is made for each call unless set. */
  idempotencyKey?: string;
}

/** What came of a turn. */
export interface VWTurnResult {
  /** The answer; its `status` and `error` say how the turn ended. */
  promptResponse: Answer;
  sessionId: string;
  /** Counts the turns of this object, from 0. */
  turnIndex: number;
  downloadedFiles: VWDownloadedFile[];
  /** Of `outputFilePaths`, what could not be fetched. */
  missingFiles: VWMissingFile[];
}

/** Runs a turn; what prevents it is told in envelopes and then thrown, what became of it is returned. */
export async function* run(
  client: VWMClient,
  sessionId: string,
  args: VWTurnArgs,
): AsyncGenerator<VWEnvelope, Omit<VWTurnResult, "turnIndex">, undefined> {
  yield status("STARTED", `Session ${sessionId} takes a turn`);
  try {
    for (const file of args.inputFiles ?? []) {
      await client.files.upload(sessionId, file.path, file.content, { signal: args.signal });
    }
    const promptResponse = yield* ask(client, sessionId, args);
    const result = { promptResponse, sessionId, downloadedFiles: [] as VWDownloadedFile[], missingFiles: [] as VWMissingFile[] };
    if (promptResponse.status !== "complete") {
      const message = promptResponse.error?.message ?? NO_RESPONSE;
      yield error(message);
      yield status("FAILED", `The turn is ${promptResponse.status}: ${message}`);
      return result;
    }
    for (const path of args.outputFilePaths ?? []) {
      const fetched = await fetchFile(client, sessionId, path, args.signal);
      if ("content" in fetched) {
        result.downloadedFiles.push(fetched);
      } else {
        result.missingFiles.push(fetched);
        yield error(`${path} could not be fetched: ${fetched.message}`);
      }
    }
    yield status("COMPLETED", "The turn is complete");
    return result;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    yield error(message);
    yield status("FAILED", message);
    throw cause;
  }
}

async function* ask(client: VWMClient, sessionId: string, args: VWTurnArgs): AsyncGenerator<VWEnvelope, Answer, undefined> {
  const { prompt, timeout, breadcrumbs, subsessionId, signal, idempotencyKey } = args;
  const body = definedOnly({ prompt, timeout, breadcrumbs, subsessionId });
  const { requestId } = await client.requests.create(sessionId, body, { signal, idempotencyKey });
  for await (const event of client.requests.events(sessionId, requestId, { signal })) {
    yield { type: "VW_STREAM_EVENT", event };
    if (event.type === "complete") return event.data;
  }
  const { answer, ...view } = await client.requests.get(sessionId, requestId, { signal });
  return answer ? { ...answer, response: answer.response || NO_RESPONSE } : unanswered(view);
}

/** What can be said of a turn that is over and has no answer. */
function unanswered({ requestId, status, subsessionId }: Pick<RequestView, "requestId" | "status" | "subsessionId">): Answer {
  const unknown = { tokensIn: null, tokensOut: null, costUsd: null, durationMs: null, model: null, raw: null, error: null, retryOf: null };
  return { requestId, status, subsessionId, response: NO_RESPONSE, artifacts: [], ...unknown };
}

/** What is left out is not sent. */
function definedOnly(prompt: { [Name in keyof Prompt]?: Prompt[Name] | undefined } & { prompt: string }): Prompt {
  const given = Object.entries(prompt).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as Prompt;
}

/** The turn is over and paid for: a file that is not there must not cost its answer. */
async function fetchFile(client: VWMClient, sessionId: string, path: string, signal?: AbortSignal): Promise<VWDownloadedFile | VWMissingFile> {
  try {
    return { path, content: await client.files.download(sessionId, path, { signal }) };
  } catch (cause) {
    if (cause instanceof VWMError) return { path, message: cause.message };
    throw cause;
  }
}
