-- What the road of a prompt needs, as in SQLite. Times are microseconds since 1970; lists and objects are JSON text, which nothing here
-- looks into. The search path names the three schemas, so table names are unique without one. What is read in the order of a name is
-- compared byte by byte, whatever the database's language is.

-- Whose database it is: one row, with what only one data directory's secret key makes.
CREATE TABLE vwm.installation (
    id    BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
    owner BYTEA   NOT NULL
);

CREATE TABLE vwm.api_keys (
    id         UUID    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'session', 'read')),
    hash       BYTEA   NOT NULL UNIQUE,
    created_at BIGINT  NOT NULL,
    revoked_at BIGINT
);

-- A history: the highest revision of a key holds, and nothing is overwritten.
CREATE TABLE vwm.system_settings (
    key        TEXT COLLATE "C" NOT NULL,
    revision   BIGINT  NOT NULL,
    value      TEXT    NOT NULL,
    set_by     UUID,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (key, revision)
);

CREATE TABLE shared.runtimes (
    id          UUID    NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT,
    base_image  TEXT    NOT NULL,
    vw_image    TEXT,
    tags        TEXT    NOT NULL,
    engines_dir TEXT,
    -- What only a cluster reads, as one object: resources, nodeSelector, tolerations, runtimeClass.
    cluster     TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);

-- What changes of a worker; what it is stands in its revisions. A deleted one stays, because its sessions' telemetry names it.
CREATE TABLE vwm.workers (
    id              UUID    NOT NULL PRIMARY KEY,
    name            TEXT COLLATE "C" NOT NULL,
    runtime_id      UUID    REFERENCES shared.runtimes (id),
    revision        BIGINT  NOT NULL,
    locked          BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    deleted_at      BIGINT,
    deleted_by      UUID,
    deletion_forced BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX workers_by_name ON vwm.workers (name) WHERE deleted_at IS NULL;

CREATE TABLE vwm.worker_revisions (
    worker_id  UUID    NOT NULL REFERENCES vwm.workers (id),
    revision   BIGINT  NOT NULL,
    hash       TEXT    NOT NULL,
    definition TEXT    NOT NULL,
    -- Without a reference: a live session needs its runtime, a forgotten revision does not.
    runtime_id UUID    NOT NULL,
    created_by UUID,
    created_at BIGINT  NOT NULL,
    forced     BOOLEAN NOT NULL,
    PRIMARY KEY (worker_id, revision)
);

CREATE TABLE vwm.sessions (
    id                 UUID    NOT NULL PRIMARY KEY,
    worker_id          UUID    NOT NULL,
    worker_revision    BIGINT  NOT NULL,
    status             TEXT    NOT NULL
        CHECK (status IN ('pending', 'active', 'suspended', 'ending', 'ended', 'failed')),
    status_since       BIGINT  NOT NULL,
    status_reason      TEXT,
    end_step           TEXT
        CHECK (end_step IN ('stopping', 'learning', 'collecting', 'collected', 'removed')),
    repository         TEXT,
    breadcrumbs        TEXT    NOT NULL,
    timeout_s          BIGINT  NOT NULL,
    auto_delete_branch BOOLEAN NOT NULL,
    wall               TEXT,
    warnings           TEXT    NOT NULL,
    -- The branches that its end could not push.
    unpushed           TEXT    NOT NULL DEFAULT '[]',
    -- Somebody asked that it resume, although no turn waits.
    resume_asked       BOOLEAN NOT NULL DEFAULT FALSE,
    -- Resumes in a row that came to nothing.
    failed_resumes     BIGINT  NOT NULL DEFAULT 0,
    -- It was told that its time is nearly up.
    ending_told        BOOLEAN NOT NULL DEFAULT FALSE,
    -- The number of its newest job; 0 before the first.
    generation         BIGINT  NOT NULL DEFAULT 0,
    -- The newest event, and the newest record of the harness's journal, that is stored.
    last_seq           BIGINT  NOT NULL DEFAULT 0,
    -- The oldest event that is still kept.
    first_seq          BIGINT  NOT NULL DEFAULT 1,
    pumped_n           BIGINT  NOT NULL DEFAULT 0,
    -- The newest place in the order of its turns.
    last_position      BIGINT  NOT NULL DEFAULT 0,
    created_at         BIGINT  NOT NULL,
    last_activity_at   BIGINT  NOT NULL,
    ended_at           BIGINT,
    FOREIGN KEY (worker_id, worker_revision) REFERENCES vwm.worker_revisions (worker_id, revision)
-- Each batch of events changes the row: with room beside it no index has to know.
) WITH (fillfactor = 70);
CREATE INDEX sessions_by_status ON vwm.sessions (status, id);
CREATE INDEX sessions_by_worker ON vwm.sessions (worker_id, id);
CREATE INDEX sessions_to_resume ON vwm.sessions (id) WHERE resume_asked;

-- For finding sessions; what is shown is the list in the session's own row.
CREATE TABLE vwm.session_breadcrumbs (
    breadcrumb TEXT    NOT NULL,
    session_id UUID    NOT NULL REFERENCES vwm.sessions (id),
    PRIMARY KEY (breadcrumb, session_id)
);

CREATE TABLE vwm.jobs (
    session_id  UUID    NOT NULL REFERENCES vwm.sessions (id),
    generation  BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    gone_at     BIGINT,
    gone_reason TEXT,
    PRIMARY KEY (session_id, generation)
);
CREATE INDEX jobs_running ON vwm.jobs (session_id) WHERE gone_at IS NULL;

-- A turn's row. The order of a session's turns is `position`, not a time: clocks step back.
CREATE TABLE vw_telemetry.requests (
    id            UUID    NOT NULL PRIMARY KEY,
    session_id    UUID    NOT NULL REFERENCES vwm.sessions (id),
    worker_id     UUID    NOT NULL REFERENCES vwm.workers (id),
    subsession_id UUID    NOT NULL,
    position      BIGINT  NOT NULL,
    -- The session's newest event when the turn was made: its own events come after it.
    after_seq     BIGINT  NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('prompt', 'learning')),
    prompt        TEXT    NOT NULL,
    timeout_s     BIGINT  NOT NULL,
    -- The session's, and then its own.
    breadcrumbs   TEXT    NOT NULL,
    -- The API key that asked; none for what a session's end asks.
    key_id        UUID,
    status        TEXT    NOT NULL
        CHECK (status IN ('pending', 'running', 'complete', 'failed', 'cancelled', 'outcome_unknown')),
    offered       BOOLEAN NOT NULL DEFAULT FALSE,
    abort_asked   BOOLEAN NOT NULL DEFAULT FALSE,
    retry_of      UUID    REFERENCES vw_telemetry.requests (id),
    response      TEXT,
    tokens_in     BIGINT,
    tokens_out    BIGINT,
    cost_usd      DOUBLE PRECISION,
    model         TEXT,
    duration_ms   BIGINT,
    artifacts     TEXT    NOT NULL DEFAULT '[]',
    -- The blob with the raw output, and its length, where it is too long for `response`.
    raw_hash      BYTEA,
    raw_bytes     BIGINT,
    created_at    BIGINT  NOT NULL,
    started_at    BIGINT,
    sent_at       BIGINT,
    completed_at  BIGINT,
    UNIQUE (session_id, position)
);
CREATE INDEX requests_open ON vw_telemetry.requests (session_id, subsession_id) WHERE status IN ('pending', 'running');
-- All that numbers over every turn read: a row of the table is as long as its prompt and its answer.
CREATE INDEX requests_in_numbers ON vw_telemetry.requests (kind, status, tokens_in, tokens_out, cost_usd);
-- Whether anything names a blob; so is `collected_by_hash`.
CREATE INDEX requests_by_raw ON vw_telemetry.requests (raw_hash) WHERE raw_hash IS NOT NULL;

-- What file calls changed in workspaces. A row that is still pending after its server's death may have changed the file or not.
CREATE TABLE vw_telemetry.file_changes (
    id           UUID    NOT NULL PRIMARY KEY,
    session_id   UUID    NOT NULL REFERENCES vwm.sessions (id),
    worker_id    UUID    NOT NULL REFERENCES vwm.workers (id),
    key_id       UUID    NOT NULL,
    breadcrumbs  TEXT    NOT NULL,
    action       TEXT    NOT NULL CHECK (action IN ('write', 'upload', 'delete')),
    path         TEXT    NOT NULL,
    bytes        BIGINT,
    status       TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'failed')),
    error        TEXT,
    created_at   BIGINT  NOT NULL,
    completed_at BIGINT
);
CREATE INDEX file_changes_by_session ON vw_telemetry.file_changes (session_id, id);

-- What a session's end learned, or why nothing; none where the worker does not learn. `request_id` names the turn, or, where there is
-- none, the id that it would have had.
CREATE TABLE vw_telemetry.learnings (
    session_id       UUID    NOT NULL PRIMARY KEY REFERENCES vwm.sessions (id),
    request_id       UUID    NOT NULL UNIQUE,
    worker_id        UUID    NOT NULL REFERENCES vwm.workers (id),
    learning_content TEXT,
    learning_path    TEXT,
    tokens_in        BIGINT,
    tokens_out       BIGINT,
    git_committed    BOOLEAN NOT NULL DEFAULT FALSE,
    git_pushed       BOOLEAN NOT NULL DEFAULT FALSE,
    git_commit_sha   TEXT,
    skipped          TEXT,
    created_at       BIGINT  NOT NULL,
    completed_at     BIGINT
);

-- A log: rows are added at its end, in runs per session, and found through the index. `body` is the data of an SSE frame as it
-- goes out.
CREATE TABLE vw_telemetry.events (
    session_id    UUID    NOT NULL REFERENCES vwm.sessions (id),
    seq           BIGINT  NOT NULL,
    n             BIGINT,
    request_id    UUID,
    subsession_id UUID,
    ends_turn     BOOLEAN NOT NULL,
    body          TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL
);
CREATE UNIQUE INDEX events_by_seq ON vw_telemetry.events (session_id, seq);
CREATE UNIQUE INDEX events_by_n ON vw_telemetry.events (session_id, n) WHERE n IS NOT NULL;

-- What an engine called a conversation, a history: nothing is overwritten.
CREATE TABLE vwm.native_ids (
    session_id    UUID    NOT NULL REFERENCES vwm.sessions (id),
    n             BIGINT  NOT NULL,
    subsession_id UUID    NOT NULL,
    native_id     TEXT    NOT NULL,
    generation    BIGINT  NOT NULL,
    created_at    BIGINT  NOT NULL,
    PRIMARY KEY (session_id, n)
);

-- What is kept of a session beyond its volume.
CREATE TABLE vwm.collected (
    session_id UUID    NOT NULL REFERENCES vwm.sessions (id),
    name       TEXT COLLATE "C" NOT NULL,
    kind       TEXT    NOT NULL,
    hash       BYTEA   NOT NULL,
    bytes      BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (session_id, name)
);
CREATE INDEX collected_by_hash ON vwm.collected (hash);

-- What a call with an idempotency key made.
CREATE TABLE vwm.idempotency_keys (
    key_id       UUID    NOT NULL,
    key          TEXT    NOT NULL,
    request_hash BYTEA   NOT NULL,
    made         TEXT    NOT NULL CHECK (made IN ('session', 'turn')),
    made_id      UUID    NOT NULL,
    created_at   BIGINT  NOT NULL,
    PRIMARY KEY (key_id, key)
);
CREATE INDEX idempotency_keys_by_age ON vwm.idempotency_keys (created_at);
