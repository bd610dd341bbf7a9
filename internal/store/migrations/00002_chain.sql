-- +goose Up

-- The head gets another name with its hash: a server that still runs the program before, which chains nothing, can then write no more. It comes first,
-- because it waits for the one who writes.
ALTER TABLE head RENAME TO tip;

ALTER TABLE tip ADD COLUMN hash TEXT NOT NULL DEFAULT '';

-- What every revision hashes to, together with all before it. Migration 3 chains the revisions that are there.
ALTER TABLE revision ADD COLUMN hash TEXT NOT NULL DEFAULT '';

CREATE INDEX revision_principal ON revision (principal, number);
