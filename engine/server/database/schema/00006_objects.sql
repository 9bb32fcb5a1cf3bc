-- +goose Up

-- One row for each repository file of an account. The bytes lie elsewhere, under a key
-- made of the same words; a file is there for clients only while its row says 'stored'.
CREATE TABLE object (
  account  TEXT   NOT NULL, -- id of the person
  kind     TEXT   NOT NULL, -- config, keys, locks, snapshots, index, data
  name     TEXT   NOT NULL, -- '' for the config, otherwise the SHA-256 of the content
  size     BIGINT NOT NULL, -- bytes
  state    TEXT   NOT NULL, -- coming: being uploaded; stored; held: removed, may come back; going: its bytes are being erased
  received BIGINT NOT NULL, -- when it was complete here
  computer TEXT   NOT NULL, -- who sent it
  changed  BIGINT NOT NULL, -- coming and going: last sign of life; held: since when
  work     TEXT   NOT NULL, -- coming and going: random name of the work under way, which alone may finish it
  by_whom  TEXT   NOT NULL, -- held: who removed it
  PRIMARY KEY (account, kind, name)
);

CREATE INDEX object_unfinished ON object (state, changed) WHERE state <> 'stored';

-- What an account takes up. Files that are still being uploaded count; files in the
-- hold and locks do not.
CREATE TABLE object_usage (
  account TEXT   PRIMARY KEY,
  bytes   BIGINT NOT NULL,
  objects BIGINT NOT NULL,
  locks   BIGINT NOT NULL
);
