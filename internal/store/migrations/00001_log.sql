-- +goose Up

-- One row for every committed write. changes is how many records it changed, so that a missing one can be noticed.
CREATE TABLE revision (
    number      BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    principal   TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    request_id  TEXT   NOT NULL,
    fingerprint TEXT   NOT NULL,
    changes     BIGINT NOT NULL
);

CREATE UNIQUE INDEX revision_at ON revision (at);

CREATE UNIQUE INDEX revision_request ON revision (principal, request_id) WHERE request_id <> '';

-- One row for every record that a revision changed. updated repeats the revision's instant, which spares every read a join.
CREATE TABLE version (
    kind     TEXT   NOT NULL,
    id       TEXT   NOT NULL,
    revision BIGINT NOT NULL REFERENCES revision (number),
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    deleted  BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (kind, id, revision)
);

CREATE INDEX version_revision ON version (revision);

-- The one row that every writer locks: it makes revisions dense and their order the order of their commits.
CREATE TABLE head (
    number BIGINT NOT NULL,
    at     BIGINT NOT NULL
);

INSERT INTO head (number, at) VALUES (0, 0);
