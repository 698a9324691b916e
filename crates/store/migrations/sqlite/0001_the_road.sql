-- What the road of a prompt needs. Ids are UUIDs (16 bytes), times are microseconds since 1970, lists and objects are JSON text.
-- Table names are unique without a schema, because PostgreSQL finds them through its search path.

-- Whose database it is: one row, with what only one data directory's secret key makes.
CREATE TABLE installation (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    owner BLOB    NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'session', 'read')),
    hash       BLOB    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- A history: the highest revision of a key holds, and nothing is overwritten.
CREATE TABLE system_settings (
    key        TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    value      TEXT    NOT NULL CHECK (json_valid(value)),
    set_by     BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key, revision)
) STRICT;

CREATE TABLE runtimes (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    description TEXT,
    base_image  TEXT    NOT NULL,
    vw_image    TEXT,
    tags        TEXT    NOT NULL CHECK (json_valid(tags)),
    engines_dir TEXT,
    -- What only a cluster reads, as one object: resources, nodeSelector, tolerations, runtimeClass.
    cluster     TEXT    NOT NULL CHECK (json_valid(cluster)),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- What changes of a worker; what it is stands in its revisions. A deleted one stays, because its sessions' telemetry names it.
CREATE TABLE workers (
    id              BLOB    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    runtime_id      BLOB    REFERENCES runtimes (id),
    revision        INTEGER NOT NULL,
    locked          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER,
    deleted_by      BLOB,
    deletion_forced INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE UNIQUE INDEX workers_by_name ON workers (name) WHERE deleted_at IS NULL;

CREATE TABLE worker_revisions (
    worker_id  BLOB    NOT NULL REFERENCES workers (id),
    revision   INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    definition TEXT    NOT NULL CHECK (json_valid(definition)),
    -- Without a reference: a live session needs its runtime, a forgotten revision does not.
    runtime_id BLOB    NOT NULL,
    created_by BLOB,
    created_at INTEGER NOT NULL,
    forced     INTEGER NOT NULL,
    PRIMARY KEY (worker_id, revision)
) STRICT;

CREATE TABLE sessions (
    id                 BLOB    NOT NULL PRIMARY KEY,
    worker_id          BLOB    NOT NULL,
    worker_revision    INTEGER NOT NULL,
    status             TEXT    NOT NULL
        CHECK (status IN ('pending', 'active', 'suspended', 'ending', 'ended', 'failed')),
    status_since       INTEGER NOT NULL,
    status_reason      TEXT,
    end_step           TEXT
        CHECK (end_step IN ('stopping', 'learning', 'collecting', 'collected', 'removed')),
    repository         TEXT    CHECK (json_valid(repository)),
    breadcrumbs        TEXT    NOT NULL CHECK (json_valid(breadcrumbs)),
    timeout_s          INTEGER NOT NULL,
    auto_delete_branch INTEGER NOT NULL,
    wall               TEXT,
    warnings           TEXT    NOT NULL CHECK (json_valid(warnings)),
    -- The branches that its end could not push.
    unpushed           TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(unpushed)),
    -- Somebody asked that it resume, although no turn waits.
    resume_asked       INTEGER NOT NULL DEFAULT FALSE,
    -- Resumes in a row that came to nothing.
    failed_resumes     INTEGER NOT NULL DEFAULT 0,
    -- It was told that its time is nearly up.
    ending_told        INTEGER NOT NULL DEFAULT FALSE,
    -- The number of its newest job; 0 before the first.
    generation         INTEGER NOT NULL DEFAULT 0,
    -- The newest event, and the newest record of the harness's journal, that is stored.
    last_seq           INTEGER NOT NULL DEFAULT 0,
    -- The oldest event that is still kept.
    first_seq          INTEGER NOT NULL DEFAULT 1,
    pumped_n           INTEGER NOT NULL DEFAULT 0,
    -- The newest place in the order of its turns.
    last_position      INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    last_activity_at   INTEGER NOT NULL,
    ended_at           INTEGER,
    FOREIGN KEY (worker_id, worker_revision) REFERENCES worker_revisions (worker_id, revision)
) STRICT;
CREATE INDEX sessions_by_status ON sessions (status, id);
CREATE INDEX sessions_by_worker ON sessions (worker_id, id);
CREATE INDEX sessions_to_resume ON sessions (id) WHERE resume_asked;

-- For finding sessions; what is shown is the list in the session's own row.
CREATE TABLE session_breadcrumbs (
    breadcrumb TEXT NOT NULL,
    session_id BLOB NOT NULL REFERENCES sessions (id),
    PRIMARY KEY (breadcrumb, session_id)
) STRICT;

CREATE TABLE jobs (
    session_id  BLOB    NOT NULL REFERENCES sessions (id),
    generation  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    gone_at     INTEGER,
    gone_reason TEXT,
    PRIMARY KEY (session_id, generation)
) STRICT;
CREATE INDEX jobs_running ON jobs (session_id) WHERE gone_at IS NULL;

-- A turn's row. The order of a session's turns is `position`, not a time: clocks step back.
CREATE TABLE requests (
    id            BLOB    NOT NULL PRIMARY KEY,
    session_id    BLOB    NOT NULL REFERENCES sessions (id),
    worker_id     BLOB    NOT NULL REFERENCES workers (id),
    subsession_id BLOB    NOT NULL,
    position      INTEGER NOT NULL,
    -- The session's newest event when the turn was made: its own events come after it.
    after_seq     INTEGER NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('prompt', 'learning')),
    prompt        TEXT    NOT NULL,
    timeout_s     INTEGER NOT NULL,
    -- The session's, and then its own.
    breadcrumbs   TEXT    NOT NULL CHECK (json_valid(breadcrumbs)),
    -- The API key that asked; none for what a session's end asks.
    key_id        BLOB,
    status        TEXT    NOT NULL
        CHECK (status IN ('pending', 'running', 'complete', 'failed', 'cancelled', 'outcome_unknown')),
    offered       INTEGER NOT NULL DEFAULT FALSE,
    abort_asked   INTEGER NOT NULL DEFAULT FALSE,
    retry_of      BLOB    REFERENCES requests (id),
    response      TEXT,
    tokens_in     INTEGER,
    tokens_out    INTEGER,
    cost_usd      REAL,
    model         TEXT,
    duration_ms   INTEGER,
    artifacts     TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(artifacts)),
    -- The blob with the raw output, and its length, where it is too long for `response`.
    raw_hash      BLOB,
    raw_bytes     INTEGER,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    sent_at       INTEGER,
    completed_at  INTEGER,
    UNIQUE (session_id, position)
) STRICT;
CREATE INDEX requests_open ON requests (session_id, subsession_id) WHERE status IN ('pending', 'running');
-- All that numbers over every turn read: a row of the table is as long as its prompt and its answer.
CREATE INDEX requests_in_numbers ON requests (kind, status, tokens_in, tokens_out, cost_usd);
-- Whether anything names a blob; so is `collected_by_hash`.
CREATE INDEX requests_by_raw ON requests (raw_hash) WHERE raw_hash IS NOT NULL;

-- What file calls changed in workspaces. A row that is still pending after its server's death may have changed the file or not.
CREATE TABLE file_changes (
    id           BLOB    NOT NULL PRIMARY KEY,
    session_id   BLOB    NOT NULL REFERENCES sessions (id),
    worker_id    BLOB    NOT NULL REFERENCES workers (id),
    key_id       BLOB    NOT NULL,
    breadcrumbs  TEXT    NOT NULL CHECK (json_valid(breadcrumbs)),
    action       TEXT    NOT NULL CHECK (action IN ('write', 'upload', 'delete')),
    path         TEXT    NOT NULL,
    bytes        INTEGER,
    status       TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'failed')),
    error        TEXT,
    created_at   INTEGER NOT NULL,
    completed_at INTEGER
) STRICT;
CREATE INDEX file_changes_by_session ON file_changes (session_id, id);

-- What a session's end learned, or why nothing; none where the worker does not learn. `request_id` names the turn, or, where there is
-- none, the id that it would have had.
CREATE TABLE learnings (
    session_id       BLOB    NOT NULL PRIMARY KEY REFERENCES sessions (id),
    request_id       BLOB    NOT NULL UNIQUE,
    worker_id        BLOB    NOT NULL REFERENCES workers (id),
    learning_content TEXT,
    learning_path    TEXT,
    tokens_in        INTEGER,
    tokens_out       INTEGER,
    git_committed    INTEGER NOT NULL DEFAULT FALSE,
    git_pushed       INTEGER NOT NULL DEFAULT FALSE,
    git_commit_sha   TEXT,
    skipped          TEXT,
    created_at       INTEGER NOT NULL,
    completed_at     INTEGER
) STRICT;

-- A log: rows are added at its end, in runs per session, and found through the index. `body` is the data of an SSE frame as it
-- goes out.
CREATE TABLE events (
    session_id    BLOB    NOT NULL REFERENCES sessions (id),
    seq           INTEGER NOT NULL,
    n             INTEGER,
    request_id    BLOB,
    subsession_id BLOB,
    ends_turn     INTEGER NOT NULL,
    body          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_seq ON events (session_id, seq);
CREATE UNIQUE INDEX events_by_n ON events (session_id, n) WHERE n IS NOT NULL;

-- What an engine called a conversation, a history: nothing is overwritten.
CREATE TABLE native_ids (
    session_id    BLOB    NOT NULL REFERENCES sessions (id),
    n             INTEGER NOT NULL,
    subsession_id BLOB    NOT NULL,
    native_id     TEXT    NOT NULL,
    generation    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (session_id, n)
) STRICT;

-- What is kept of a session beyond its volume.
CREATE TABLE collected (
    session_id BLOB    NOT NULL REFERENCES sessions (id),
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    hash       BLOB    NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, name)
) STRICT;
CREATE INDEX collected_by_hash ON collected (hash);

-- What a call with an idempotency key made.
CREATE TABLE idempotency_keys (
    key_id       BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    request_hash BLOB    NOT NULL,
    made         TEXT    NOT NULL CHECK (made IN ('session', 'turn')),
    made_id      BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (key_id, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
