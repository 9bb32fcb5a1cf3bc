-- +goose Up

-- A computer takes one seat of its person until it is removed. Blocked,
-- deauthorized and removed do not exclude one another, so that undoing one of them
-- leaves the others as they were.
CREATE TABLE computer (
  id           TEXT PRIMARY KEY,
  person       TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  asset        TEXT   NOT NULL,
  os           TEXT   NOT NULL,
  owner        TEXT   NOT NULL,            -- institution, personal
  credential   TEXT   NOT NULL,            -- hexadecimal SHA-256 of the secret that counts
  generation   BIGINT NOT NULL,            -- 1, and one more with every replacement
  blocked      BIGINT NOT NULL DEFAULT 0,  -- 1: backs up, restores nothing
  deauthorized BIGINT NOT NULL DEFAULT 0,  -- 1: must sign in again
  removed      BIGINT NOT NULL DEFAULT 0,  -- when; 0: it is not
  forgotten    BIGINT NOT NULL DEFAULT 0,  -- when the grace after a removal was over and used
  created      BIGINT NOT NULL,
  seen         BIGINT NOT NULL,
  last_backup  BIGINT NOT NULL DEFAULT 0,
  files        BIGINT NOT NULL DEFAULT 0,
  bytes        BIGINT NOT NULL DEFAULT 0,
  report       TEXT   NOT NULL DEFAULT '', -- the state that it reported last
  software     TEXT   NOT NULL DEFAULT ''  -- version of the program on it
);

CREATE INDEX computer_person ON computer (person);
CREATE INDEX computer_removed ON computer (removed) WHERE removed > 0;

-- Secrets that counted once: whoever comes with one is told why it ended.
CREATE TABLE computer_past_credential (
  computer   TEXT   NOT NULL,
  hash       TEXT   NOT NULL,
  generation BIGINT NOT NULL,              -- of the computer that had it
  ended      BIGINT NOT NULL,
  PRIMARY KEY (computer, hash)
);

-- The settings of a computer, for the one that replaces it.
CREATE TABLE computer_settings (
  computer TEXT PRIMARY KEY,
  json     BYTEA  NOT NULL,
  changed  BIGINT NOT NULL
);
