-- Version 1. Times are Unix milliseconds; columns named in docs/recordings.md as JSON hold JSON text.

CREATE TABLE recordings (
    sequence           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL,
    created_ms         INTEGER NOT NULL,
    session_id         TEXT NOT NULL,
    completion_ids     TEXT NOT NULL,
    project            TEXT,
    prompt_slug        TEXT,
    prompt_version     INTEGER,
    prompt_hash        TEXT,
    prompt_environment TEXT,
    prompt_variant     TEXT,
    campaign           TEXT,
    arm                TEXT,
    requested_models   TEXT NOT NULL,
    model              TEXT,
    provider           TEXT,
    provider_model     TEXT,
    stream             INTEGER NOT NULL,
    finish_reason      TEXT,
    error_code         TEXT,
    queue_ms           INTEGER NOT NULL,
    ttft_ms            INTEGER,
    total_ms           INTEGER NOT NULL,
    prompt_tokens      INTEGER,
    completion_tokens  INTEGER,
    total_tokens       INTEGER,
    usage              TEXT,
    cost_amount        REAL,
    cost_currency      TEXT,
    cost_source        TEXT,
    labels             TEXT NOT NULL,
    tags               TEXT NOT NULL,
    attempts           TEXT NOT NULL,
    warnings           TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX recordings_by_id ON recordings (id);
CREATE INDEX recordings_by_time ON recordings (created_ms);
CREATE INDEX recordings_by_session_id ON recordings (session_id, created_ms);
CREATE INDEX recordings_by_prompt_slug ON recordings (prompt_slug, created_ms) WHERE prompt_slug IS NOT NULL;
CREATE INDEX recordings_by_campaign ON recordings (campaign, created_ms) WHERE campaign IS NOT NULL;
CREATE INDEX recordings_by_project ON recordings (project, created_ms) WHERE project IS NOT NULL;

-- Apart from its row, so that what counts rows does not read past texts.
CREATE TABLE payloads (
    sequence  INTEGER PRIMARY KEY,
    request   TEXT,
    variables TEXT,
    answer    TEXT
) STRICT;

-- The labels of the rows once more, to find rows by them.
CREATE TABLE labels (
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    PRIMARY KEY (key, value, created_ms, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE completions (
    completion_id TEXT PRIMARY KEY,
    sequence      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    created_ms    INTEGER NOT NULL,
    completion_id TEXT NOT NULL,
    metric        TEXT NOT NULL,
    value         REAL NOT NULL,
    is_bool       INTEGER NOT NULL,
    comment       TEXT,
    user_id       TEXT
) STRICT;

CREATE INDEX feedback_by_completion ON feedback (completion_id, metric);

-- A turn names the one it follows, and no two may follow the same one.
CREATE TABLE turns (
    version       INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT NOT NULL,
    follows       INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    completion_id TEXT,
    messages      TEXT NOT NULL,
    UNIQUE (session_id, follows)
) STRICT;

CREATE INDEX turns_by_time ON turns (created_ms);
