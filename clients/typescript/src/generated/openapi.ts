// Made from clients/openapi.json by `npm run generate`; not edited by hand.

export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells name and version. */
        get: operations["getServerName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/engines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every engine, whether this build knows it, and the versions that are installed in the server's own folder for engines. */
        get: operations["listEngines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every key without its secret, oldest first, also those that were revoked. */
        get: operations["listKeys"];
        put?: never;
        /** Makes a key. Its secret is told this once. */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key: it opens nothing any more, and streams that it opened end. Asking again changes nothing. */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/keys/{key}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a key another secret, which is told this once. The old one opens nothing from the answer on, and streams that it opened end. */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/runtimes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every runtime, by name. */
        get: operations["listRuntimes"];
        put?: never;
        /** Makes a runtime. */
        post: operations["createRuntime"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/runtimes/{runtime}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a runtime is. */
        get: operations["getRuntime"];
        /** Changes some fields of a runtime, and checks the whole again: null puts a field back to its default. */
        put: operations["updateRuntime"];
        post?: never;
        /** Deletes a runtime that nobody needs. */
        delete: operations["deleteRuntime"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/runtimes/by-name/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what the runtime of a name is. */
        get: operations["getRuntimeByName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every setting as it stands, by key, without its history. */
        get: operations["listSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/settings/{setting}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a setting is, and in `history` what it was: at most 100 revisions. */
        get: operations["getSetting"];
        /**
         * Sets a setting; the value that it has already makes no new revision. VWM reads `system_agent_md` and `engineFolders`, and keeps any
         *     other with a warning.
         */
        put: operations["putSetting"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every worker, by name. */
        get: operations["listWorkers"];
        put?: never;
        /** Makes a worker. */
        post: operations["createWorker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/workers/{worker}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what a worker is. */
        get: operations["getWorker"];
        /** Changes some fields of a worker, and checks the whole again. A change makes a revision. */
        put: operations["updateWorker"];
        post?: never;
        /** Deletes a worker; its revisions and its ended sessions remain. */
        delete: operations["deleteWorker"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/workers/{worker}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every revision of a worker, oldest first, also of a deleted one. */
        get: operations["listWorkerRevisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/workers/{worker}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the sessions of a worker, newest first, also of a deleted one. */
        get: operations["listWorkerSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/workers/by-name/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what the worker of a name is. */
        get: operations["getWorkerByName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells that the process answers. */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells numbers of sessions, requests, tokens, cost and the database, in the text format of Prometheus. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells what can be asked, and how: this document. */
        get: operations["getOpenapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether sessions can be served: 503 says why not. */
        get: operations["getReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists sessions, newest first. */
        get: operations["listSessions"];
        put?: never;
        /** Makes a session. It is pending at first; its events tell when it is active. */
        post: operations["createSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how a session stands. */
        get: operations["getSession"];
        put?: never;
        post?: never;
        /** Ends a session: learn, commit and push, keep the transcript, remove the workspace. Asking again changes nothing. */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Aborts a request, a conversation's, or all that are in flight or waiting. */
        post: operations["abortSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams the events of a whole session: what was, then what comes. It ends with the session. */
        get: operations["watchSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/file-changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was changed through these calls, oldest first: who, when, what, and how it ended. */
        get: operations["listFileChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a folder of the workspace; the root where no path is given. */
        get: operations["listFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a file, to be looked at. */
        get: operations["readFile"];
        /** Writes a file as the body comes, whatever its kind: all of it, or nothing. */
        put: operations["writeFile"];
        post?: never;
        /** Removes a file, or a link. */
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/files/download/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads a file, to be kept. */
        get: operations["downloadFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/files/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Uploads a file: as `PUT`, with the path in the query. */
        post: operations["uploadFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/prompt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prompts the worker, and answers when the turn is over. Who hangs up aborts nothing.
         * @description A turn that ran and failed, was aborted or timed out is 200 with its `status` and `error`.
         */
        post: operations["promptSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/push": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pushes the branches that the end of a session could not push. */
        post: operations["pushSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prompts the worker, and answers at once: the request goes on by itself, and is asked for or watched under its `Location`.
         * @description The same call again answers with the same request as it stands by then.
         */
        post: operations["createRequest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/requests/{request}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells where a request stands and, once there, its answer. */
        get: operations["getRequest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/requests/{request}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams the events of one request: what was, then what comes. It ends after the request's last event. */
        get: operations["watchRequest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/requests/{request}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks again what a request asked that failed, was aborted, or whose outcome nobody knows: a new request with `retryOf`.
         * @description Nothing is ever run again by itself. The new request has the prompt, conversation, timeout and breadcrumbs of the earlier one.
         */
        post: operations["retryRequest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resumes a suspended session, and tries the start of a failed one again. Asking again changes nothing.
         * @description The answer says `resuming` until it is `active`, or until `statusReason` says why it is not.
         */
        post: operations["resumeSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts a session's prompts, their tokens and their time. */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Prompts the worker, and streams the events of the turn. Who hangs up aborts nothing. */
        post: operations["streamPrompt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Suspends a session in which nothing runs or waits: its job goes, its workspace stays, and the next prompt, file call or resume brings
         *     it back. Asking again changes nothing.
         */
        post: operations["suspendSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/telemetry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists every turn of a session, oldest first, running ones too. */
        get: operations["getTelemetry"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{session}/transcript": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tells what was said in a session so far, in any status: one JSON object per line.
         * @description Each line has `role` (`user`, `assistant`, `tool`, `vwm`), `requestId`, `subsessionId` and `at`, and one of: `kind` and `text` (the
         *     prompt), `text`, `thinking`, `toolCall`, `toolResult`, `notice`, `status` and `error` (the request's end).
         */
        get: operations["getTranscript"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells version, age, environment and what the key may do. */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @example {
         *       "status": "aborted"
         *     }
         */
        AbortAnswer: {
            /** @enum {string} */
            status: "aborted";
        };
        /**
         * @description Which turns to abort; neither: everything in flight or waiting.
         * @example {
         *       "requestId": "01970000-0000-7000-8000-000000000004"
         *     }
         */
        AbortRequest: {
            requestId?: components["schemas"]["TurnId"] | null;
            subsessionId?: components["schemas"]["SubsessionId"] | null;
        };
        /**
         * @description The answer of `POST /sessions/:id/requests`: the turn goes on by itself.
         * @example {
         *       "requestId": "01970000-0000-7000-8000-000000000004",
         *       "status": "pending"
         *     }
         */
        AcceptedRequest: {
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
            /** @description Where it stands. */
            status: components["schemas"]["TurnStatus"];
        };
        /**
         * @description The whole answer of a prompt.
         * @example {
         *       "requestId": "01970000-0000-7000-8000-000000000004",
         *       "status": "complete",
         *       "subsessionId": "01970000-0000-7000-8000-000000000003",
         *       "response": "A test compared times with the wrong zone. It is mended.",
         *       "artifacts": [
         *         "session_repo/src/time.rs"
         *       ],
         *       "tokensIn": 15200,
         *       "tokensOut": 830,
         *       "costUsd": 0.058,
         *       "model": "claude-sonnet-4-5",
         *       "durationMs": 41870,
         *       "raw": {
         *         "format": "stream-json",
         *         "content": "{\"type\":\"result\",\"subtype\":\"success\"}\n",
         *         "metadata": {
         *           "model": "claude-sonnet-4-5",
         *           "requestId": "01970000-0000-7000-8000-000000000004",
         *           "cliType": "claude-code"
         *         }
         *       },
         *       "error": null,
         *       "retryOf": null
         *     }
         */
        Answer: {
            /** @description Workspace-relative paths of what the turn created or modified. */
            artifacts: string[];
            /**
             * Format: double
             * @description What the engine says it cost.
             */
            costUsd: number | null;
            /**
             * Format: int64
             * @description From the start of the turn to its end.
             */
            durationMs: number | null;
            error: components["schemas"]["TurnError"] | null;
            /** @description The model that answered. */
            model: string | null;
            raw: components["schemas"]["Raw"] | null;
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
            /** @description The text after the last tool call. */
            response: string;
            retryOf: components["schemas"]["TurnId"] | null;
            /** @description How it ended. */
            status: components["schemas"]["TurnStatus"];
            /** @description The conversation. */
            subsessionId: components["schemas"]["SubsessionId"];
            /**
             * Format: int64
             * @description All input, cached included; null when nobody reported it.
             */
            tokensIn: number | null;
            /**
             * Format: int64
             * @description All output; null when nobody reported it.
             */
            tokensOut: number | null;
        };
        /** @description Which tool calls are allowed, denied or asked about. */
        Approvals: {
            /** @description Rules that allow. */
            allow?: string[] | null;
            /** @description Rules that deny; they win. */
            deny?: string[] | null;
            mode?: components["schemas"]["ApprovalsMode"] | null;
        };
        /**
         * @description What happens to a tool call that no rule names.
         * @enum {string}
         */
        ApprovalsMode: "auto" | "ask" | "strict";
        /**
         * @description The engine that does the thinking; only the published contract calls it `cliType`.
         * @enum {string}
         */
        CliType: "claude-code" | "codex" | "gemini" | "opencode" | "acp" | "command";
        /** @description The turn's last event: the whole answer. */
        CompleteEvent: {
            /** @description The turn's last event: the whole answer. */
            data: components["schemas"]["Answer"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "complete";
        };
        /**
         * @description How far a session's end has come; persisted, so that any server goes on with it.
         * @enum {string}
         */
        EndStep: "stopping" | "learning" | "collecting" | "collected" | "removed";
        /**
         * @description An engine, as this server knows it.
         * @example {
         *       "cliType": "claude-code",
         *       "supported": true,
         *       "versions": [
         *         "2.0.14"
         *       ]
         *     }
         */
        Engine: {
            /** @description What a worker calls it. */
            cliType: components["schemas"]["CliType"];
            /** @description Whether this build has an adapter for it. */
            supported: boolean;
            /** @description The versions that are installed where this server's jobs look, newest first; empty for what a worker brings itself. */
            versions: string[];
        };
        /** @description Which program answers, for `acp` and `command`. */
        EngineProgram: {
            /** @description Its arguments. */
            args?: string[] | null;
            /** @description A name on the path, or an absolute path. */
            command: string;
        };
        /**
         * @description The body of every answer that is not a success.
         * @example {
         *       "error": "Validation Error",
         *       "details": [
         *         {
         *           "path": "prompt",
         *           "message": "`prompt` is missing",
         *           "code": "required"
         *         }
         *       ]
         *     }
         */
        ErrorBody: {
            /** @description Every fault of the input. */
            details?: components["schemas"]["Fault"][];
            /** @description What happened, and after a colon what to do. */
            error: string;
            /** @description What to look for in the server's log; only with a 5xx. */
            requestId?: string;
        };
        /** @description The turn's last event: why there is no answer. */
        ErrorEvent: {
            /** @description The turn's last event: why there is no answer. */
            data: components["schemas"]["TurnError"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "error";
        };
        /**
         * @description One event.
         * @example {
         *       "type": "text",
         *       "data": "The build is red because",
         *       "requestId": "01970000-0000-7000-8000-000000000004",
         *       "subsessionId": "01970000-0000-7000-8000-000000000003"
         *     }
         */
        Event: components["schemas"]["StartEvent"] | components["schemas"]["TextEvent"] | components["schemas"]["ThinkingEvent"] | components["schemas"]["ToolCallEvent"] | components["schemas"]["ToolResultEvent"] | components["schemas"]["NoticeEvent"] | components["schemas"]["StatusEvent"] | components["schemas"]["GapEvent"] | components["schemas"]["RawEvent"] | components["schemas"]["CompleteEvent"] | components["schemas"]["ErrorEvent"];
        /** @description One fault of an input. */
        Fault: {
            /**
             * @description For programs: `required`, `unknown_field`, `invalid_type`, `invalid_enum_value`, `too_short`, `too_long`, `out_of_range`,
             *     `invalid_string`, `unknown_reference`, `not_supported_yet`, `invalid_json`, `invalid_yaml`.
             */
            code: string;
            /** @description What happened and what to do. */
            message: string;
            /** @description Where in the input, as `mcpServers[1].url`; empty for the whole. */
            path: string;
        };
        /**
         * @description What a file call did.
         * @enum {string}
         */
        FileAction: "write" | "upload" | "delete";
        /**
         * @description The record of one file call that writes.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000006",
         *       "sessionId": "01970000-0000-7000-8000-000000000003",
         *       "workerId": "01970000-0000-7000-8000-000000000002",
         *       "keyId": "01970000-0000-7000-8000-000000000005",
         *       "breadcrumbs": [
         *         "ticket:42"
         *       ],
         *       "action": "upload",
         *       "path": "attachments/build.log",
         *       "bytes": 48211,
         *       "status": "done",
         *       "error": null,
         *       "createdAt": "2026-01-15T09:31:30Z",
         *       "completedAt": "2026-01-15T09:31:31Z"
         *     }
         */
        FileChange: {
            /** @description What was asked. */
            action: components["schemas"]["FileAction"];
            /** @description The session's. */
            breadcrumbs: string[];
            /**
             * Format: int64
             * @description How many bytes were written.
             */
            bytes: number | null;
            completedAt: components["schemas"]["Timestamp"] | null;
            /** @description When it was asked. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description Why it failed. */
            error: string | null;
            /** @description The record. */
            id: components["schemas"]["FileChangeId"];
            /** @description The API key that asked. */
            keyId: components["schemas"]["KeyId"];
            /** @description Relative to the workspace's root. */
            path: string;
            /** @description The session. */
            sessionId: components["schemas"]["SessionId"];
            /** @description How far it came. */
            status: components["schemas"]["FileChangeStatus"];
            /** @description The worker. */
            workerId: components["schemas"]["WorkerId"];
        };
        /**
         * Format: uuid
         * @description The record of a file call.
         */
        FileChangeId: string;
        /**
         * @description How far a file call came.
         * @enum {string}
         */
        FileChangeStatus: "pending" | "done" | "failed";
        /** @description One name in a folder. */
        FileEntry: {
            /** @description What it is. */
            kind: components["schemas"]["FileKind"];
            modifiedAt: components["schemas"]["Timestamp"] | null;
            /** @description Its name. One that is not UTF-8 is shown with U+FFFD, and cannot be asked for. */
            name: string;
            /** @description Relative to the workspace's root. */
            path: string;
            /**
             * Format: int64
             * @description In bytes; only of a regular file.
             */
            size: number | null;
        };
        /**
         * @description What stands at a place.
         * @enum {string}
         */
        FileKind: "file" | "folder" | "link" | "other";
        /**
         * @description What a folder holds, by name.
         * @example {
         *       "path": "session_repo",
         *       "items": [
         *         {
         *           "name": "README.md",
         *           "path": "session_repo/README.md",
         *           "kind": "file",
         *           "size": 1270,
         *           "modifiedAt": "2026-01-15T09:31:02Z"
         *         },
         *         {
         *           "name": "src",
         *           "path": "session_repo/src",
         *           "kind": "folder",
         *           "size": null,
         *           "modifiedAt": "2026-01-15T09:32:31Z"
         *         }
         *       ],
         *       "truncated": false
         *     }
         */
        FileList: {
            /** @description The first 10,000 names. */
            items: components["schemas"]["FileEntry"][];
            /** @description The folder, relative to the workspace's root; `.` for the root itself. */
            path: string;
            /** @description Whether there are more. */
            truncated: boolean;
        };
        /** @description Events that are no longer kept. */
        GapEvent: {
            data: components["schemas"]["GapEventData"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "gap";
        };
        /** @description Events that are no longer kept. */
        GapEventData: {
            /**
             * Format: int64
             * @description The first.
             */
            from: number;
            /**
             * Format: int64
             * @description The last.
             */
            to: number;
        };
        /**
         * @description A key without its secret.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000005",
         *       "name": "build server",
         *       "role": "session",
         *       "createdAt": "2026-01-15T09:10:00Z"
         *     }
         */
        Key: {
            /** @description When it was made, or last got a new secret. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description The id. */
            id: components["schemas"]["KeyId"];
            /** @description What a person calls it. */
            name: string;
            /** @description When it was revoked; it opens nothing from then on. */
            revokedAt?: components["schemas"]["Timestamp"];
            /** @description What it may do. */
            role: components["schemas"]["Role"];
        };
        /**
         * Format: uuid
         * @description An API key.
         */
        KeyId: string;
        /**
         * @description A key with its secret, which is told this once.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000005",
         *       "name": "build server",
         *       "role": "session",
         *       "createdAt": "2026-01-15T09:10:00Z",
         *       "secret": "vwm_0000000000000000000000000000000000000000000"
         *     }
         */
        KeyWithSecret: {
            /** @description When it was made, or last got a new secret. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description The id. */
            id: components["schemas"]["KeyId"];
            /** @description What a person calls it. */
            name: string;
            /** @description When it was revoked; it opens nothing from then on. */
            revokedAt?: components["schemas"]["Timestamp"];
            /** @description What it may do. */
            role: components["schemas"]["Role"];
            /** @description What a client sends as `Authorization: Bearer …`; only its hash is kept. */
            secret: string;
        };
        /** @description What came of a session's learning. Nothing is known yet while its turn waits or runs. */
        Learning: {
            /** @description What the worker wrote down, as it was committed. */
            content: string | null;
            /** @description The commit. */
            gitCommitSha: string | null;
            /** @description Whether it is in a commit on `ff-vwm/{workerId}-{sessionId}`. */
            gitCommitted: boolean;
            /** @description Whether the remote has that commit. */
            gitPushed: boolean;
            /** @description Where, relative to the workspace: `worker_repo/learnings/session-{id}.md`. */
            path: string | null;
            /** @description Why nothing was learned. */
            skipped?: string;
        };
        /** @description A server of tools: by `url`, or by `adapter` of the configured gateway. */
        McpServer: {
            /** @description An adapter of the gateway. */
            adapter?: string | null;
            /** @description Sent with every call; a value may be `${secret:NAME}`. */
            headers?: {
                [key: string]: string;
            } | null;
            /** @description What the agent calls it; each server has its own name. */
            name: string;
            /** @description Where it is. */
            url?: string | null;
        };
        /** @description Which model, and how. */
        ModelConfig: {
            /**
             * Format: int64
             * @description The most tokens that one answer of the model may have.
             */
            maxTokens?: number | null;
            /** @description The model's id. */
            model?: string | null;
            /** @description Selects the model door: `anthropic`, `openai`, `gemini`. */
            provider?: string | null;
            /**
             * Format: double
             * @description 0 to 2.
             */
            temperature?: number | null;
        };
        /**
         * @description What asks for a key.
         * @example {
         *       "name": "build server",
         *       "role": "session"
         *     }
         */
        NewKey: {
            /** @description What a person calls it: 1 to 100 characters. */
            name: string;
            /** @description What it may do. */
            role: components["schemas"]["Role"];
        };
        /**
         * @description What a person says of a runtime.
         * @example {
         *       "name": "rust",
         *       "description": "What a Rust build needs",
         *       "baseImage": "debian:bookworm",
         *       "tags": [
         *         "rust"
         *       ]
         *     }
         */
        NewRuntime: {
            /** @description The image that the team's tools are in. */
            baseImage: string;
            /** @description For people. */
            description?: string | null;
            /** @description Where engines are installed, for the local backend; the server's own folder unless set. */
            enginesDir?: string | null;
            /** @description 1 to 100 characters, unique. */
            name: string;
            /** @description Which nodes of a cluster a job may run on. */
            nodeSelector?: {
                [key: string]: string;
            } | null;
            /** @description What a job may use, as Kubernetes writes it: `{requests, limits}`, each of quantities such as 2, `500m` or `4Gi`. */
            resources?: {
                limits?: {
                    [key: string]: string | number;
                };
                requests?: {
                    [key: string]: string | number;
                };
            } | null;
            /** @description A cluster's runtime class, such as `gvisor`. */
            runtimeClass?: string | null;
            /** @description For finding it. */
            tags?: string[] | null;
            /** @description Which taints of a cluster's nodes a job bears, as Kubernetes writes them. */
            tolerations?: {
                [key: string]: string | number;
            }[] | null;
            /** @description The image that VWM built from it. */
            vwImage?: string | null;
        };
        /**
         * @description What asks for a session.
         * @example {
         *       "workerName": "bob",
         *       "repository": {
         *         "url": "https://example.com/code.git",
         *         "branch": "main"
         *       },
         *       "breadcrumbs": [
         *         "ticket:42"
         *       ]
         *     }
         */
        NewSession: {
            approvals?: components["schemas"]["Approvals"] | null;
            /** @description At the end `session-{id}` is not left on the remote when its base holds all of it already. */
            autoDeleteBranch?: boolean | null;
            /** @description For finding it again. */
            breadcrumbs?: string[] | null;
            repository?: components["schemas"]["Repository"] | null;
            /**
             * Format: int32
             * @description How long it may have a job, in seconds; 0 is without an end; the worker's unless set.
             */
            timeout?: number | null;
            workerId?: components["schemas"]["WorkerId"] | null;
            /** @description The worker, by name. */
            workerName?: string | null;
        };
        /**
         * @description What a setting shall be.
         * @example {
         *       "value": "Write commit messages in English."
         *     }
         */
        NewSettingValue: {
            /** @description Any JSON but null; what a known key may be is checked. */
            value: string | number | boolean | unknown[] | {
                [key: string]: unknown;
            };
        };
        /**
         * @description The body of `POST /admin/workers`.
         * @example {
         *       "name": "bob",
         *       "runtimeId": "01970000-0000-7000-8000-000000000001",
         *       "cliType": "claude-code",
         *       "description": "Keeps the build green",
         *       "agentMd": "You mend broken builds. Run the tests before you say that it is done.",
         *       "modelConfig": {
         *         "model": "claude-sonnet-4-5"
         *       },
         *       "timeout": 3600
         *     }
         */
        NewWorker: {
            /** @description The role: merged after the system instructions. At most 256 KiB. */
            agentMd?: string | null;
            approvals?: components["schemas"]["Approvals"] | null;
            /** @description Whether a session ends with a learning turn; false unless set. */
            autoLearn?: boolean | null;
            /** @description The engine. */
            cliType: components["schemas"]["CliType"];
            /** @description For people, and the tool's description when other workers may call this one. */
            description?: string | null;
            engine?: components["schemas"]["EngineProgram"] | null;
            /** @description Given to the engine and what it starts. */
            env?: {
                [key: string]: string;
            } | null;
            /** @description A secret's name. */
            gitCredential?: string | null;
            /** @description Another name of `agentMd`; give one of them. */
            instructions?: string | null;
            /** @description Whether changes are refused; false unless set. */
            locked?: boolean | null;
            /** @description Servers of tools. */
            mcpServers?: components["schemas"]["McpServer"][] | null;
            /** @description Another name of `modelConfig.model`; give one of them. */
            model?: string | null;
            modelConfig?: components["schemas"]["ModelConfig"] | null;
            /** @description 1 to 100 characters of `A-Za-z0-9._-`, unique. */
            name: string;
            /** @description Where it runs. */
            runtimeId: components["schemas"]["RuntimeId"];
            /** @description Skills; nothing reads them yet. */
            skills?: unknown[] | null;
            /**
             * Format: int32
             * @description How long a session may have a job, in seconds; 0 is without an end; 3600 unless set.
             */
            timeout?: number | null;
            /** @description Its base branch; `main` unless set. */
            workerRepoBranch?: string | null;
            /** @description The knowledge base. */
            workerRepoUrl?: string | null;
        };
        /** @description Something that a person may want to know; it ends nothing. */
        NoticeEvent: {
            data: components["schemas"]["NoticeEventData"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "notice";
        };
        /** @description Something that a person may want to know; it ends nothing. */
        NoticeEventData: {
            /** @description For programs. */
            code: string;
            /** @description For people. */
            message: string;
        };
        /**
         * @description What a prompt does when its conversation is busy.
         * @enum {string}
         */
        OnBusy: "queue" | "reject";
        /**
         * @description What asks for a turn.
         * @example {
         *       "prompt": "The build is red since yesterday. Find out why and mend it.",
         *       "timeout": 600,
         *       "breadcrumbs": [
         *         "step:1"
         *       ]
         *     }
         */
        Prompt: {
            /** @description For finding it again. */
            breadcrumbs?: string[] | null;
            onBusy?: components["schemas"]["OnBusy"] | null;
            /** @description What the worker is asked: at most 1 MiB. */
            prompt: string;
            subsessionId?: components["schemas"]["SubsessionId"] | null;
            /**
             * Format: int32
             * @description Seconds from the start of the turn; 3600 unless set.
             */
            timeout?: number | null;
        };
        /** @description A branch that the remote has now. */
        PushedBranch: {
            /** @description The branch. */
            branch: string;
            /** @description Which repository. */
            repository: components["schemas"]["RepositoryRole"];
            /** @description The commit that it stands at. */
            sha: string;
            /** @description The remote, without credentials. */
            url: string;
        };
        /**
         * @description The answer of `POST /sessions/:id/push`.
         * @example {
         *       "pushed": [
         *         {
         *           "repository": "session_repository",
         *           "url": "https://example.com/code.git",
         *           "branch": "session-01970000-0000-7000-8000-000000000003",
         *           "sha": "3c6e0b8a9c15224a8228b9a98ca1531d8b1e3f2a"
         *         }
         *       ]
         *     }
         */
        PushResult: {
            /** @description What the remotes took. */
            pushed: components["schemas"]["PushedBranch"][];
            /** @description What they did not. */
            unpushed?: components["schemas"]["Unpushed"][];
        };
        /** @description What the engine printed. */
        Raw: {
            /** @description The lines as they came, capped; where it was cut a line says so. */
            content: string;
            /** @description `stream-json` or `acp`. */
            format: string;
            /** @description Whose they are. */
            metadata: components["schemas"]["RawMetadata"];
        };
        /** @description What the adapter did not understand. */
        RawEvent: {
            /** @description What the adapter did not understand. */
            data: unknown;
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "raw";
        };
        /** @description Whose raw output it is. */
        RawMetadata: {
            /** @description The engine. */
            cliType: components["schemas"]["CliType"];
            /** @description The model that answered. */
            model: string | null;
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
        };
        /** @description The repository that a session works on. */
        Repository: {
            /** @description The branch that the session's own branch starts from. */
            branch?: string | null;
            /** @description `https://…`, `ssh://…`, `git@host:path`; on a loopback server also `file:///…` and `http://…`. */
            url: string;
        };
        /**
         * @description What a repository is to a session.
         * @enum {string}
         */
        RepositoryRole: "knowledge_base" | "session_repository";
        /**
         * @description One request by its id: its status and, once there, the answer.
         * @example {
         *       "requestId": "01970000-0000-7000-8000-000000000004",
         *       "status": "running",
         *       "subsessionId": "01970000-0000-7000-8000-000000000003",
         *       "createdAt": "2026-01-15T09:32:00Z",
         *       "retryOf": null,
         *       "answer": null
         *     }
         */
        RequestView: {
            answer: components["schemas"]["Answer"] | null;
            /** @description When it was asked for. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
            retryOf: components["schemas"]["TurnId"] | null;
            /** @description Where it stands. */
            status: components["schemas"]["TurnStatus"];
            /** @description The conversation. */
            subsessionId: components["schemas"]["SubsessionId"];
        };
        /** @description What a telemetry row says of the answer. */
        Response: {
            raw: components["schemas"]["Raw"] | null;
            /** @description The text after the last tool call. */
            response: string;
            /**
             * Format: int64
             * @description All input, cached included.
             */
            tokensIn: number | null;
            /**
             * Format: int64
             * @description All output.
             */
            tokensOut: number | null;
        };
        /**
         * @description Whether a conversation went on or began anew.
         * @enum {string}
         */
        Resume: "resumed" | "fresh" | "fresh_after_failed_resume";
        /**
         * @description What a key may do.
         * @enum {string}
         */
        Role: "admin" | "session" | "read";
        /**
         * @description A runtime as it is stored.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000001",
         *       "name": "rust",
         *       "description": "What a Rust build needs",
         *       "baseImage": "debian:bookworm",
         *       "vwImage": null,
         *       "tags": [
         *         "rust"
         *       ],
         *       "enginesDir": null,
         *       "warnings": [],
         *       "createdAt": "2026-01-15T09:00:00Z",
         *       "updatedAt": "2026-01-15T09:00:00Z"
         *     }
         */
        Runtime: {
            /** @description The image that the team's tools are in. */
            baseImage: string;
            /** @description When it was made. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description For people. */
            description: string | null;
            /** @description Where engines are installed, for the local backend; the server's own folder unless set. */
            enginesDir: string | null;
            /** @description The id. */
            id: components["schemas"]["RuntimeId"];
            /** @description 1 to 100 characters, unique. */
            name: string;
            /** @description Which nodes of a cluster a job may run on. */
            nodeSelector?: {
                [key: string]: string;
            };
            /** @description What a job may use, as Kubernetes writes it: `{requests, limits}`, each of quantities such as 2, `500m` or `4Gi`. */
            resources?: {
                limits?: {
                    [key: string]: string | number;
                };
                requests?: {
                    [key: string]: string | number;
                };
            };
            /** @description A cluster's runtime class, such as `gvisor`. */
            runtimeClass?: string;
            /** @description For finding it. */
            tags: string[];
            /** @description Which taints of a cluster's nodes a job bears, as Kubernetes writes them. */
            tolerations?: {
                [key: string]: string | number;
            }[];
            /** @description When it was last changed. */
            updatedAt: components["schemas"]["Timestamp"];
            /** @description The image that VWM built from it. */
            vwImage: string | null;
            /** @description What is accepted and has no effect yet. */
            warnings: components["schemas"]["Warning"][];
        };
        /**
         * @description The body of `PUT /admin/runtimes/:id`: a field that is absent stays as it is, one that is null goes back to its default.
         * @example {
         *       "description": null,
         *       "tags": [
         *         "rust",
         *         "large"
         *       ]
         *     }
         */
        RuntimeChange: {
            /** @description The image that the team's tools are in. */
            baseImage?: string;
            /** @description For people. */
            description?: string | null;
            /** @description Where engines are installed, for the local backend: an absolute path. */
            enginesDir?: string | null;
            /** @description 1 to 100 characters, unique. */
            name?: string;
            /** @description Which nodes of a cluster a job may run on. */
            nodeSelector?: {
                [key: string]: string;
            } | null;
            /** @description What a job may use, as Kubernetes writes it: `{requests, limits}`, each of quantities such as 2, `500m` or `4Gi`. */
            resources?: {
                limits?: {
                    [key: string]: string | number;
                };
                requests?: {
                    [key: string]: string | number;
                };
            } | null;
            /** @description A cluster's runtime class, such as `gvisor`. */
            runtimeClass?: string | null;
            /** @description For finding it. */
            tags?: string[] | null;
            /** @description Which taints of a cluster's nodes a job bears, as Kubernetes writes them. */
            tolerations?: {
                [key: string]: string | number;
            }[] | null;
            /** @description The image that VWM built from it. */
            vwImage?: string | null;
        };
        /**
         * Format: uuid
         * @description A runtime: where a worker runs.
         */
        RuntimeId: string;
        /**
         * @description The answer of `GET /health` and `GET /ready`.
         * @example {
         *       "status": "ok"
         *     }
         */
        ServerHealth: {
            /** @description `ok` or `ready`. */
            status: string;
        };
        /** @description What bounds a server; null is without a bound. */
        ServerLimits: {
            /**
             * Format: int64
             * @description Sessions that are pending, active or ending.
             */
            sessions: number | null;
            /**
             * Format: int64
             * @description The same, of each worker.
             */
            sessionsPerWorker: number | null;
            /**
             * Format: int64
             * @description Turns that run at once.
             */
            turns: number | null;
            /**
             * Format: int64
             * @description The same, of each worker.
             */
            turnsPerWorker: number | null;
        };
        /**
         * @description The answer of `GET /`.
         * @example {
         *       "name": "vwm",
         *       "version": "0.1.0"
         *     }
         */
        ServerName: {
            /** @description `vwm`. */
            name: string;
            /** @description The version. */
            version: string;
        };
        /**
         * @description The answer of `GET /status`.
         * @example {
         *       "service": "vwm",
         *       "version": "0.1.0",
         *       "uptime": 86400,
         *       "environment": "local",
         *       "role": "admin",
         *       "database": "sqlite",
         *       "refusesSessions": null,
         *       "sessions": {
         *         "pending": 0,
         *         "active": 3,
         *         "suspended": 12,
         *         "ending": 1,
         *         "failed": 0
         *       },
         *       "turns": {
         *         "running": 2,
         *         "waiting": 1
         *       },
         *       "limits": {
         *         "sessions": 20,
         *         "sessionsPerWorker": null,
         *         "turns": 2,
         *         "turnsPerWorker": null
         *       },
         *       "waiting": [
         *         {
         *           "requestId": "01970000-0000-7000-8000-000000000004",
         *           "sessionId": "01970000-0000-7000-8000-000000000003",
         *           "workerId": "01970000-0000-7000-8000-000000000002",
         *           "since": "2026-01-15T09:32:00Z",
         *           "reason": "server_limit"
         *         }
         *       ]
         *     }
         */
        ServerStatus: {
            /** @description Where things are remembered: `sqlite`, `postgres`. */
            database: string;
            /** @description Where jobs run: `local`. */
            environment: string;
            /** @description What bounds them. */
            limits: components["schemas"]["ServerLimits"];
            /** @description Whether new sessions are taken; why not, where they are not. */
            refusesSessions: string | null;
            /** @description What the key may do that asked. */
            role: components["schemas"]["Role"];
            /** @description `vwm`. */
            service: string;
            /** @description How many sessions there are with each status that is not over. */
            sessions: components["schemas"]["SessionCounts"];
            /** @description How many turns run and wait. */
            turns: components["schemas"]["TurnCounts"];
            /**
             * Format: int64
             * @description In seconds.
             */
            uptime: number;
            /** @description The version. */
            version: string;
            /** @description The turns that wait, oldest first; the first hundred. */
            waiting: components["schemas"]["WaitingTurn"][];
        };
        /**
         * @description A session as it is stored.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000003",
         *       "workerId": "01970000-0000-7000-8000-000000000002",
         *       "workerRevision": 1,
         *       "status": "active",
         *       "statusSince": "2026-01-15T09:30:05Z",
         *       "statusReason": null,
         *       "endStep": null,
         *       "repository": {
         *         "url": "https://example.com/code.git",
         *         "branch": "main"
         *       },
         *       "breadcrumbs": [
         *         "ticket:42"
         *       ],
         *       "timeout": 3600,
         *       "autoDeleteBranch": false,
         *       "wall": "landlock",
         *       "createdAt": "2026-01-15T09:31:00Z",
         *       "lastActivityAt": "2026-01-15T09:32:00Z",
         *       "endedAt": null,
         *       "activeSeconds": 60,
         *       "warnings": []
         *     }
         */
        Session: {
            /**
             * Format: int64
             * @description Seconds in which it had a job.
             */
            activeSeconds: number;
            /** @description Whether `session-{id}` may be left out when its base holds all of it. */
            autoDeleteBranch: boolean;
            /** @description For finding it again. */
            breadcrumbs: string[];
            /** @description When it was made. */
            createdAt: components["schemas"]["Timestamp"];
            endedAt: components["schemas"]["Timestamp"] | null;
            endStep: components["schemas"]["EndStep"] | null;
            /** @description The id. */
            id: components["schemas"]["SessionId"];
            /** @description The last prompt, file call or resume, or the end of the last turn. */
            lastActivityAt: components["schemas"]["Timestamp"];
            repository: components["schemas"]["Repository"] | null;
            /** @description Whether somebody asked that it resume, and nobody knows yet how that goes. */
            resuming?: boolean;
            /** @description Where it stands. */
            status: components["schemas"]["SessionStatus"];
            /** @description Why, and what to do. */
            statusReason: string | null;
            /** @description Since when. */
            statusSince: components["schemas"]["Timestamp"];
            /**
             * Format: int32
             * @description How long it may have a job, in seconds; 0 is without an end.
             */
            timeout: number;
            /** @description The branches that its end could not push; `POST /sessions/:id/push` tries again. */
            unpushed?: components["schemas"]["Unpushed"][];
            /** @description What confines the engine: `landlock`, `none`; unknown until it is prepared. */
            wall: string | null;
            /** @description What is accepted and has no effect yet. */
            warnings: components["schemas"]["Warning"][];
            /** @description The worker. */
            workerId: components["schemas"]["WorkerId"];
            /**
             * Format: int64
             * @description The revision that it started with, and keeps.
             */
            workerRevision: number;
        };
        /** @description Sessions that are not over, by status. */
        SessionCounts: {
            /**
             * Format: int64
             * @description Ready for prompts.
             */
            active: number;
            /**
             * Format: int64
             * @description On their way out.
             */
            ending: number;
            /**
             * Format: int64
             * @description Would not start, or cannot be resumed.
             */
            failed: number;
            /**
             * Format: int64
             * @description Made, not ready yet.
             */
            pending: number;
            /**
             * Format: int64
             * @description Without a job.
             */
            suspended: number;
        };
        /**
         * Format: uuid
         * @description A session: one sitting with a worker.
         */
        SessionId: string;
        /**
         * @description Some sessions, newest first, and where to go on.
         * @example {
         *       "items": [],
         *       "nextCursor": null
         *     }
         */
        SessionPage: {
            /** @description The sessions. */
            items: components["schemas"]["Session"][];
            /** @description Give it as `cursor` for more; none at the end. */
            nextCursor: string | null;
        };
        /**
         * @description Where a session stands.
         * @enum {string}
         */
        SessionStatus: "pending" | "active" | "suspended" | "ending" | "ended" | "failed";
        /**
         * @description A setting as it stands.
         * @example {
         *       "key": "system_agent_md",
         *       "value": "Write commit messages in English.",
         *       "revision": 1,
         *       "setBy": "01970000-0000-7000-8000-000000000005",
         *       "updatedAt": "2026-01-15T09:20:00Z",
         *       "warnings": []
         *     }
         */
        Setting: {
            /** @description What it was, newest first, this value included; only where one setting is asked for. */
            history?: components["schemas"]["SettingRevision"][];
            /** @description `system_agent_md`, `engineFolders`, or a name of one's own, which VWM keeps and does not read. */
            key: string;
            /**
             * Format: int64
             * @description Counts the changes of this key, from 1.
             */
            revision: number;
            setBy: components["schemas"]["KeyId"] | null;
            /** @description When it was set. */
            updatedAt: components["schemas"]["Timestamp"];
            /** @description The value. */
            value: unknown;
            /** @description What is accepted and has no effect. */
            warnings: components["schemas"]["Warning"][];
        };
        /** @description A value that a setting has or had. */
        SettingRevision: {
            /** @description When. */
            createdAt: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Counts the changes of this key, from 1.
             */
            revision: number;
            setBy: components["schemas"]["KeyId"] | null;
            /** @description The value. */
            value: unknown;
        };
        /** @description The first event of a turn. */
        Start: {
            /** @description The engine. */
            engine: components["schemas"]["CliType"];
            /** @description The model that was asked for. */
            model: string | null;
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
            /** @description Whether the conversation went on. */
            resume: components["schemas"]["Resume"];
            /**
             * Format: int64
             * @description Which system instructions it sees; 0 when none were ever set.
             */
            settingsRevision: number;
            /** @description The conversation. */
            subsessionId: components["schemas"]["SubsessionId"];
        };
        /** @description The turn begins. */
        StartEvent: {
            /** @description The turn begins. */
            data: components["schemas"]["Start"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "start";
        };
        /**
         * @description A session's turns in numbers; only kind `prompt` counts.
         * @example {
         *       "totalRequests": 2,
         *       "completedRequests": 1,
         *       "failedRequests": 1,
         *       "totalTokensIn": 15200,
         *       "totalTokensOut": 830,
         *       "totalDurationMs": 43871,
         *       "avgDurationMs": 21935.5
         *     }
         */
        Stats: {
            /**
             * Format: double
             * @description Over all requests; 0 without any.
             */
            avgDurationMs: number;
            /**
             * Format: int64
             * @description Complete.
             */
            completedRequests: number;
            /**
             * Format: int64
             * @description Failed, cancelled and outcome unknown.
             */
            failedRequests: number;
            /**
             * Format: int64
             * @description Sum.
             */
            totalDurationMs: number;
            /**
             * Format: int64
             * @description All.
             */
            totalRequests: number;
            /**
             * Format: int64
             * @description Sum.
             */
            totalTokensIn: number;
            /**
             * Format: int64
             * @description Sum.
             */
            totalTokensOut: number;
        };
        /** @description The session moved. */
        StatusEvent: {
            data: components["schemas"]["StatusEventData"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "status";
        };
        /** @description The session moved. */
        StatusEventData: {
            from: components["schemas"]["SessionStatus"] | null;
            /** @description Why. */
            reason: string | null;
            /** @description To where. */
            to: components["schemas"]["SessionStatus"];
        };
        /**
         * Format: uuid
         * @description One conversation inside a session.
         */
        SubsessionId: string;
        /**
         * @description One turn as telemetry tells it.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000004",
         *       "sessionId": "01970000-0000-7000-8000-000000000003",
         *       "workerId": "01970000-0000-7000-8000-000000000002",
         *       "subsessionId": "01970000-0000-7000-8000-000000000003",
         *       "kind": "prompt",
         *       "keyId": "01970000-0000-7000-8000-000000000005",
         *       "prompt": "The build is red since yesterday. Find out why and mend it.",
         *       "response": {
         *         "response": "A test compared times with the wrong zone. It is mended.",
         *         "tokensIn": 15200,
         *         "tokensOut": 830,
         *         "raw": null
         *       },
         *       "tokensIn": 15200,
         *       "tokensOut": 830,
         *       "costUsd": 0.058,
         *       "model": "claude-sonnet-4-5",
         *       "status": "complete",
         *       "error": null,
         *       "retryOf": null,
         *       "durationMs": 41870,
         *       "artifacts": [
         *         "session_repo/src/time.rs"
         *       ],
         *       "breadcrumbs": [
         *         "ticket:42",
         *         "step:1"
         *       ],
         *       "createdAt": "2026-01-15T09:32:00Z",
         *       "completedAt": "2026-01-15T09:32:42Z"
         *     }
         */
        TelemetryRow: {
            /** @description What it created or modified. */
            artifacts: string[];
            /** @description For finding it again. */
            breadcrumbs: string[];
            completedAt: components["schemas"]["Timestamp"] | null;
            /**
             * Format: double
             * @description What the engine says it cost.
             */
            costUsd: number | null;
            /** @description When it was asked for. */
            createdAt: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description From start to end.
             */
            durationMs: number | null;
            error: components["schemas"]["TurnError"] | null;
            /** @description The turn. */
            id: components["schemas"]["TurnId"];
            keyId: components["schemas"]["KeyId"] | null;
            /** @description Who asked. */
            kind: components["schemas"]["TurnKind"];
            /** @description What came of learning; only in a row of kind `learning`. */
            learning?: components["schemas"]["Learning"];
            /** @description The model that answered. */
            model: string | null;
            /** @description What was asked, to the letter. */
            prompt: string;
            response: components["schemas"]["Response"] | null;
            retryOf: components["schemas"]["TurnId"] | null;
            /** @description The session. */
            sessionId: components["schemas"]["SessionId"];
            /** @description Where it stands. */
            status: components["schemas"]["TurnStatus"];
            /** @description The conversation. */
            subsessionId: components["schemas"]["SubsessionId"];
            /**
             * Format: int64
             * @description All input, cached included.
             */
            tokensIn: number | null;
            /**
             * Format: int64
             * @description All output.
             */
            tokensOut: number | null;
            /** @description The worker. */
            workerId: components["schemas"]["WorkerId"];
        };
        /** @description A delta of the answer. */
        TextEvent: {
            /** @description A delta of the answer. */
            data: string;
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "text";
        };
        /** @description A delta of the thinking. */
        ThinkingEvent: {
            /** @description A delta of the thinking. */
            data: string;
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "thinking";
        };
        /**
         * Format: date-time
         * @description A moment in UTC, to the microsecond; RFC 3339 in JSON.
         */
        Timestamp: string;
        /** @description The agent uses a tool. */
        ToolCall: {
            /** @description Pairs it with its result. */
            id: string;
            /** @description What the tool is given. */
            input: unknown;
            /** @description The engine's name for the tool. */
            name: string;
        };
        /** @description A tool is used. */
        ToolCallEvent: {
            /** @description A tool is used. */
            data: components["schemas"]["ToolCall"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "tool_call";
        };
        /** @description What a tool answered. */
        ToolResult: {
            /** @description Pairs it with its call. */
            id: string;
            /** @description Whether it failed. */
            isError: boolean;
            /** @description The tool, where the engine says it. */
            name: string | null;
            /** @description What came out. */
            output: unknown;
        };
        /** @description A tool answered. */
        ToolResultEvent: {
            /** @description A tool answered. */
            data: components["schemas"]["ToolResult"];
            /** @description The turn it belongs to. */
            requestId?: components["schemas"]["TurnId"];
            /** @description The conversation it belongs to. */
            subsessionId?: components["schemas"]["SubsessionId"];
            /** @enum {string} */
            type: "tool_result";
        };
        /** @description Turns that are not over. */
        TurnCounts: {
            /**
             * Format: int64
             * @description A harness has them.
             */
            running: number;
            /**
             * Format: int64
             * @description They wait.
             */
            waiting: number;
        };
        /** @description Why a turn did not complete. */
        TurnError: {
            /**
             * @description For programs: `aborted`, `timeout`, `outcome_unknown`, `engine_failed`, `interrupted`, `resume_failed`, `session_ended`,
             *     `model_auth`, `model_rate_limited`, `model_unavailable`, `model_refused`, `model_stream_lost`.
             */
            code: string;
            /** @description What happened and what to do. */
            message: string;
            /** @description When a limit ends, where the provider says so. */
            resetsAt?: components["schemas"]["Timestamp"];
            /** @description Whether the same prompt might do better later. */
            retryable: boolean;
            /** @description `failed`, `cancelled` or `outcome_unknown`. */
            status: components["schemas"]["TurnStatus"];
        };
        /**
         * Format: uuid
         * @description A turn; the published contract calls it `requestId`.
         */
        TurnId: string;
        /**
         * @description Who asked for a turn.
         * @enum {string}
         */
        TurnKind: "prompt" | "learning";
        /**
         * @description Where a turn stands.
         * @enum {string}
         */
        TurnStatus: "pending" | "running" | "complete" | "failed" | "cancelled" | "outcome_unknown";
        /** @description A branch of an ended session that its remote does not have. Its commits are kept in a bundle. */
        Unpushed: {
            /** @description The branch. */
            branch: string;
            /** @description The bundle's name among what is kept of the session. */
            bundle: string;
            /** @description Why the remote does not have it. */
            reason: string;
            /** @description Which repository. */
            repository: components["schemas"]["RepositoryRole"];
            /** @description The commit that it stands at. */
            sha: string;
            /** @description The remote, without credentials. */
            url: string;
        };
        /** @description A turn that waits. */
        WaitingTurn: {
            /** @description What for. */
            reason: components["schemas"]["WaitReason"];
            /** @description The turn. */
            requestId: components["schemas"]["TurnId"];
            /** @description Its session. */
            sessionId: components["schemas"]["SessionId"];
            /** @description Since when. */
            since: components["schemas"]["Timestamp"];
            /** @description Its worker. */
            workerId: components["schemas"]["WorkerId"];
        };
        /**
         * @description What a turn waits for.
         * @enum {string}
         */
        WaitReason: "conversation" | "session" | "worker_limit" | "server_limit";
        /** @description What is accepted and has no effect, or less than one might think. */
        Warning: {
            /** @description For programs: `not_supported_yet`, `ignored_setting`, `unknown_setting`, `missing_key`. */
            code: string;
            /** @description What it means and what to do. */
            message: string;
            /** @description Where in the worker, the runtime or the setting, as `mcpServers`. */
            path: string;
        };
        /**
         * @description A worker as it is stored.
         * @example {
         *       "id": "01970000-0000-7000-8000-000000000002",
         *       "name": "bob",
         *       "description": "Keeps the build green",
         *       "runtimeId": "01970000-0000-7000-8000-000000000001",
         *       "cliType": "claude-code",
         *       "engine": null,
         *       "env": {},
         *       "agentMd": "You mend broken builds. Run the tests before you say that it is done.",
         *       "modelConfig": {
         *         "model": "claude-sonnet-4-5"
         *       },
         *       "mcpServers": [],
         *       "workerRepoUrl": null,
         *       "workerRepoBranch": "main",
         *       "gitCredential": null,
         *       "autoLearn": false,
         *       "timeout": 3600,
         *       "approvals": {
         *         "mode": "auto"
         *       },
         *       "locked": false,
         *       "revision": 1,
         *       "hash": "blake3:6ffa0a5f1b1c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6",
         *       "warnings": [],
         *       "createdAt": "2026-01-15T09:30:00Z",
         *       "updatedAt": "2026-01-15T09:30:00Z"
         *     }
         */
        Worker: {
            /** @description The role: merged after the system instructions. */
            agentMd: string | null;
            /** @description What the agent may do. */
            approvals: components["schemas"]["Approvals"];
            /** @description Whether a session ends with a learning turn. */
            autoLearn: boolean;
            /** @description The engine. */
            cliType: components["schemas"]["CliType"];
            /** @description When it was made. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description For people, and the tool's description when other workers may call this one. */
            description: string | null;
            engine: components["schemas"]["EngineProgram"] | null;
            /** @description Given to the engine and what it starts. */
            env: {
                [key: string]: string;
            };
            /** @description A secret's name. */
            gitCredential: string | null;
            /** @description Of the definition's canonical form. */
            hash: string;
            /** @description The id. */
            id: components["schemas"]["WorkerId"];
            /** @description Whether changes are refused. */
            locked: boolean;
            /** @description Servers of tools. */
            mcpServers: components["schemas"]["McpServer"][];
            modelConfig: components["schemas"]["ModelConfig"] | null;
            /** @description 1 to 100 characters of `A-Za-z0-9._-`, unique. */
            name: string;
            /**
             * Format: int64
             * @description Counts the changes, from 1.
             */
            revision: number;
            /** @description Where it runs. */
            runtimeId: components["schemas"]["RuntimeId"];
            /** @description Skills, as they were written: nothing reads them yet. */
            skills?: unknown[];
            /**
             * Format: int32
             * @description How long a session may have a job, in seconds.
             */
            timeout: number;
            /** @description When it was last changed. */
            updatedAt: components["schemas"]["Timestamp"];
            /** @description What is accepted and has no effect yet. */
            warnings: components["schemas"]["Warning"][];
            /** @description Its base branch. */
            workerRepoBranch: string;
            /** @description The knowledge base. */
            workerRepoUrl: string | null;
        };
        /**
         * @description The body of `PUT /admin/workers/:id`: a field that is absent stays as it is, one that is null goes back to its default.
         * @example {
         *       "description": "Keeps the build green, and says why it broke",
         *       "model": "claude-opus-4-1",
         *       "timeout": null
         *     }
         */
        WorkerChange: {
            /** @description The role: merged after the system instructions. At most 256 KiB. */
            agentMd?: string | null;
            approvals?: components["schemas"]["Approvals"] | null;
            /** @description Whether a session ends with a learning turn; false unless set. */
            autoLearn?: boolean | null;
            /** @description The engine. */
            cliType?: components["schemas"]["CliType"];
            /** @description For people, and the tool's description when other workers may call this one. */
            description?: string | null;
            engine?: components["schemas"]["EngineProgram"] | null;
            /** @description Given to the engine and what it starts. */
            env?: {
                [key: string]: string;
            } | null;
            /** @description A secret's name. */
            gitCredential?: string | null;
            /** @description Another name of `agentMd`; give one of them. */
            instructions?: string | null;
            /** @description Whether changes are refused; false unless set. */
            locked?: boolean | null;
            /** @description Servers of tools. */
            mcpServers?: components["schemas"]["McpServer"][] | null;
            /** @description Another name of `modelConfig.model`; give one of them. */
            model?: string | null;
            modelConfig?: components["schemas"]["ModelConfig"] | null;
            /** @description 1 to 100 characters of `A-Za-z0-9._-`, unique. */
            name?: string;
            /** @description Where it runs. */
            runtimeId?: components["schemas"]["RuntimeId"];
            /** @description Skills; nothing reads them yet. */
            skills?: unknown[] | null;
            /**
             * Format: int32
             * @description How long a session may have a job, in seconds; 0 is without an end; 3600 unless set.
             */
            timeout?: number | null;
            /** @description Its base branch; `main` unless set. */
            workerRepoBranch?: string | null;
            /** @description The knowledge base. */
            workerRepoUrl?: string | null;
        };
        /** @description A worker as a person writes it, complete with every default. Checked and made by `vwm-worker`. */
        WorkerDefinition: {
            /** @description The role: merged after the system instructions. */
            agentMd: string | null;
            /** @description What the agent may do. */
            approvals: components["schemas"]["Approvals"];
            /** @description Whether a session ends with a learning turn. */
            autoLearn: boolean;
            /** @description The engine. */
            cliType: components["schemas"]["CliType"];
            /** @description For people, and the tool's description when other workers may call this one. */
            description: string | null;
            engine: components["schemas"]["EngineProgram"] | null;
            /** @description Given to the engine and what it starts. */
            env: {
                [key: string]: string;
            };
            /** @description A secret's name. */
            gitCredential: string | null;
            /** @description Whether changes are refused. */
            locked: boolean;
            /** @description Servers of tools. */
            mcpServers: components["schemas"]["McpServer"][];
            modelConfig: components["schemas"]["ModelConfig"] | null;
            /** @description 1 to 100 characters of `A-Za-z0-9._-`, unique. */
            name: string;
            /** @description Where it runs. */
            runtimeId: components["schemas"]["RuntimeId"];
            /** @description Skills, as they were written: nothing reads them yet. */
            skills?: unknown[];
            /**
             * Format: int32
             * @description How long a session may have a job, in seconds.
             */
            timeout: number;
            /** @description Its base branch. */
            workerRepoBranch: string;
            /** @description The knowledge base. */
            workerRepoUrl: string | null;
        };
        /**
         * Format: uuid
         * @description A worker: the definition of a team member.
         */
        WorkerId: string;
        /**
         * @description One revision of a worker.
         * @example {
         *       "workerId": "01970000-0000-7000-8000-000000000002",
         *       "revision": 1,
         *       "hash": "blake3:6ffa0a5f1b1c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6",
         *       "definition": {
         *         "name": "bob",
         *         "description": "Keeps the build green",
         *         "runtimeId": "01970000-0000-7000-8000-000000000001",
         *         "cliType": "claude-code",
         *         "engine": null,
         *         "env": {},
         *         "agentMd": "You mend broken builds. Run the tests before you say that it is done.",
         *         "modelConfig": {
         *           "model": "claude-sonnet-4-5"
         *         },
         *         "mcpServers": [],
         *         "workerRepoUrl": null,
         *         "workerRepoBranch": "main",
         *         "gitCredential": null,
         *         "autoLearn": false,
         *         "timeout": 3600,
         *         "approvals": {
         *           "mode": "auto"
         *         },
         *         "locked": false
         *       },
         *       "createdAt": "2026-01-15T09:30:00Z",
         *       "forced": false
         *     }
         */
        WorkerRevision: {
            /** @description When it was made. */
            createdAt: components["schemas"]["Timestamp"];
            /** @description The definition. */
            definition: components["schemas"]["WorkerDefinition"];
            /** @description Whether a lock was overridden for it. */
            forced: boolean;
            /** @description Of the canonical form. */
            hash: string;
            /**
             * Format: int64
             * @description Its number, from 1.
             */
            revision: number;
            /** @description The worker. */
            workerId: components["schemas"]["WorkerId"];
        };
    };
    responses: {
        /** @description The key's role may not do this */
        Forbidden: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description Our fault; the server's log has the cause under `requestId` */
        Internal: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description The input has faults: all of them in `details` */
        Invalid: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description The body is not of a kind that is understood */
        MediaType: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description There is no such thing */
        NotFound: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description The body is too large */
        TooLarge: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description The body came too slowly */
        TooSlow: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description No key, or none that is known */
        Unauthorized: {
            headers: {
                "www-authenticate": components["headers"]["Authenticate"];
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
        /** @description Not now: the server stops, or cannot work */
        Unavailable: {
            headers: {
                "retry-after": components["headers"]["RetryAfter"];
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorBody"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description `Bearer` */
        Authenticate: string;
        /** @description The request's id: the one that came in this header if it is a plain word, else a new one */
        RequestId: string;
        /** @description In so many seconds */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getServerName: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerName"];
                };
            };
            500: components["responses"]["Internal"];
        };
    };
    listEngines: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Engine"][];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"][];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description It is made */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyWithSecret"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["TooSlow"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description It is the last one with the role `admin`: make another one first */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyWithSecret"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description It is revoked */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listRuntimes: {
        parameters: {
            query?: {
                /** @description Only those that have this tag */
                tag?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Runtime"][];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRuntime: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRuntime"];
            };
        };
        responses: {
            /** @description It is made */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Runtime"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["TooSlow"];
            /** @description Another runtime has this name */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRuntime: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                runtime: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Runtime"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateRuntime: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                runtime: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RuntimeChange"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Runtime"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description Another runtime has this name */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteRuntime: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                runtime: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description A worker, or a session that has not ended, needs it */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRuntimeByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Runtime"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setting"][];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSetting: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key */
                setting: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setting"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    putSetting: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key */
                setting: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSettingValue"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setting"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWorkers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"][];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createWorker: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWorker"];
            };
        };
        responses: {
            /** @description It is made */
            201: {
                headers: {
                    /** @description The revision, for `If-Match` */
                    ETag?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["TooSlow"];
            /** @description Another worker has this name */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getWorker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    /** @description The revision, for `If-Match` */
                    ETag?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    updateWorker: {
        parameters: {
            query?: {
                /** @description Overrides a lock, which is recorded */
                force?: boolean;
            };
            header?: {
                /** @description The `ETag` of the worker that the change is meant for */
                "If-Match"?: string;
            };
            path: {
                /** @description The id */
                worker: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkerChange"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    /** @description The revision, for `If-Match` */
                    ETag?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description Another worker has this name */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It stands at another revision by now */
            412: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            /** @description It is locked */
            423: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteWorker: {
        parameters: {
            query?: {
                /** @description Overrides a lock, which is recorded */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The id */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description A session of it is not over */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description It is locked */
            423: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWorkerRevisions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerRevision"][];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listWorkerSessions: {
        parameters: {
            query?: {
                /** @description As in the `Link` of the page before */
                cursor?: string;
                /** @description At most so many; 100 unless set */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id */
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    /** @description Where there are more: the next page, with `rel="next"` */
                    Link?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"][];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getWorkerByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    /** @description The revision, for `If-Match` */
                    ETag?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Worker"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerHealth"];
                };
            };
            500: components["responses"]["Internal"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getOpenapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            500: components["responses"]["Internal"];
        };
    };
    getReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerHealth"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description Only those that carry it */
                breadcrumb?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description At most so many; 50 unless set */
                limit?: number;
                /** @description Only those that stand there */
                status?: components["schemas"]["SessionStatus"];
                /** @description Only those of this worker */
                workerId?: components["schemas"]["WorkerId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and body make one session */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSession"];
            };
        };
        responses: {
            /** @description It is made */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["TooSlow"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            /** @description The idempotency key was used with another body */
            422: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many sessions; ask again after `Retry-After` */
            429: {
                headers: {
                    "retry-after": components["headers"]["RetryAfter"];
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: {
                /** @description Answers only when it has ended */
                wait?: boolean;
            };
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is asked to end; with `wait` it has */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    abortSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AbortRequest"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AbortAnswer"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description Nothing that is named is in flight: it is over, or there is no such request */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    watchSession: {
        parameters: {
            query?: {
                /** @description The same, for clients that can set no header */
                after?: number;
            };
            header?: {
                /** @description The id of the last event that one has; it wins over `after` */
                "Last-Event-ID"?: number;
            };
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events. Each frame has `id:`, the event's number in its session, and `data:`, an `Event` as JSON; a comment comes at least every 10 s. A turn's last event is `complete` or `error`. Who is cut off asks again with `Last-Event-ID`. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1000
                     *
                     *     id: 7
                     *     data: {"type":"text","data":"The build is red because","requestId":"01970000-0000-7000-8000-000000000004","subsessionId":"01970000-0000-7000-8000-000000000003"}
                     *
                     *     :
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFileChanges: {
        parameters: {
            query?: {
                /** @description Only what follows this one */
                after?: components["schemas"]["FileChangeId"];
                /** @description At most so many; 1000 unless set */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileChange"][];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /** @description The folder, relative to the workspace's root */
                path?: string;
            };
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileList"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    readFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded */
                path: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file as it is, whatever it holds */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain; charset=utf-8": string;
                };
            };
            /** @description The path leaves the workspace, goes through a link, or names no regular file */
            400: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    writeFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded */
                path: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        /** @description The file: text, JSON or anything else, written as it came; any content type is taken */
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It is written */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The path leaves the workspace, goes through a link, or is not a regular file's */
            400: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            401: components["responses"]["Unauthorized"];
            /** @description The key may not write, or the path is in `worker_repo/` outside `learnings/` */
            403: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            /** @description The server's disk has no room for it */
            507: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded */
                path: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The path leaves the workspace, goes through a link, or names a folder */
            400: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            401: components["responses"]["Unauthorized"];
            /** @description The key may not write, or the path is in `worker_repo/` outside `learnings/` */
            403: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            404: components["responses"]["NotFound"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    downloadFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Relative to the workspace's root; slashes stay as they are, the rest is percent-encoded */
                path: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file as it is */
            200: {
                headers: {
                    /** @description `attachment`, with the file's name */
                    "Content-Disposition"?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The path leaves the workspace, goes through a link, or names no regular file */
            400: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    uploadFile: {
        parameters: {
            query: {
                /** @description Where to, relative to the workspace's root */
                path: string;
            };
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        /** @description The file; any content type is taken */
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It is written */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            /** @description The key may not write, or the path is in `worker_repo/` outside `learnings/` */
            403: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description The session serves no files now, or has none any more */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
            /** @description The server's disk has no room for it */
            507: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    promptSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and body make one turn, whichever call asks for it */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Prompt"];
            };
        };
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description The session is not active, or the conversation is busy and `onBusy` is `reject` */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            /** @description The idempotency key was used with another body */
            422: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many prompts wait in this conversation already */
            429: {
                headers: {
                    "retry-after": components["headers"]["RetryAfter"];
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    pushSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PushResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description It has not ended, nothing is left to push, or what was left is deleted */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createRequest: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and body make one turn, whichever call asks for it */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Prompt"];
            };
        };
        responses: {
            /** @description It is accepted, and goes on by itself */
            202: {
                headers: {
                    /** @description The request's path */
                    Location?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedRequest"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description The session is not active, or the conversation is busy and `onBusy` is `reject` */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            /** @description The idempotency key was used with another body */
            422: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many prompts wait in this conversation already */
            429: {
                headers: {
                    "retry-after": components["headers"]["RetryAfter"];
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRequest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                request: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestView"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    watchRequest: {
        parameters: {
            query?: {
                /** @description The same, for clients that can set no header */
                after?: number;
            };
            header?: {
                /** @description The id of the last event that one has; it wins over `after` */
                "Last-Event-ID"?: number;
            };
            path: {
                /** @description The id */
                request: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events. Each frame has `id:`, the event's number in its session, and `data:`, an `Event` as JSON; a comment comes at least every 10 s. A turn's last event is `complete` or `error`. Who is cut off asks again with `Last-Event-ID`. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1000
                     *
                     *     id: 7
                     *     data: {"type":"text","data":"The build is red because","requestId":"01970000-0000-7000-8000-000000000004","subsessionId":"01970000-0000-7000-8000-000000000003"}
                     *
                     *     :
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retryRequest: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key makes one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id */
                request: string;
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is accepted, and goes on by itself */
            202: {
                headers: {
                    /** @description The new request's path */
                    Location?: string;
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedRequest"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description It waits, runs or is complete, it is the session's own, or the session is not active */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The idempotency key was used for another call */
            422: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many prompts wait in this conversation already */
            429: {
                headers: {
                    "retry-after": components["headers"]["RetryAfter"];
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resumeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is accepted, and goes on by itself */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description It ends or has ended, or its workspace is lost */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getStats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    streamPrompt: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key and body make one turn, whichever call asks for it */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Prompt"];
            };
        };
        responses: {
            /** @description Server-sent events. Each frame has `id:`, the event's number in its session, and `data:`, an `Event` as JSON; a comment comes at least every 10 s. A turn's last event is `complete` or `error`. Who is cut off asks again with `Last-Event-ID`. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 1000
                     *
                     *     id: 7
                     *     data: {"type":"text","data":"The build is red because","requestId":"01970000-0000-7000-8000-000000000004","subsessionId":"01970000-0000-7000-8000-000000000003"}
                     *
                     *     :
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["TooSlow"];
            /** @description The session is not active, or the conversation is busy and `onBusy` is `reject` */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            413: components["responses"]["TooLarge"];
            415: components["responses"]["MediaType"];
            /** @description The idempotency key was used with another body */
            422: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many prompts wait in this conversation already */
            429: {
                headers: {
                    "retry-after": components["headers"]["RetryAfter"];
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    suspendSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is accepted, and goes on by itself */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            /** @description A turn runs or waits, or the session is neither active nor suspended */
            409: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTelemetry: {
        parameters: {
            query?: {
                /** @description Only those that carry it, of themselves or of the session */
                breadcrumb?: string;
            };
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TelemetryRow"][];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getTranscript: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The lines; empty where nothing was said */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answer */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerStatus"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
