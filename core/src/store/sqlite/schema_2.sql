-- Version 2. What stays of a session without turns, for a while: the version it is at.

CREATE TABLE endings (
    session_sha256 BLOB PRIMARY KEY,
    version        INTEGER NOT NULL,
    until_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX endings_by_time ON endings (until_ms);
