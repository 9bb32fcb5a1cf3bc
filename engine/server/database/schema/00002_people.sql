-- +goose Up

-- A person is an account: the id is that of the stored objects too.
CREATE TABLE person (
  id         TEXT PRIMARY KEY,
  email      TEXT   NOT NULL,            -- in lower case
  name       TEXT   NOT NULL,
  role       TEXT   NOT NULL,            -- owner, administrator, member
  state      TEXT   NOT NULL,            -- invited, active, blocked, removed
  seats      BIGINT NOT NULL,            -- how many computers the account may have
  quota      BIGINT NOT NULL,            -- bytes, 0: no limit
  created    BIGINT NOT NULL,
  changed    BIGINT NOT NULL,            -- when role or state last changed
  changed_by TEXT   NOT NULL,
  version    BIGINT NOT NULL DEFAULT 0   -- counted up to take the row before looking at a rule
);

-- One e-mail is one person; a removed person gives it free.
CREATE UNIQUE INDEX person_email ON person (email) WHERE state <> 'removed';

-- What the page "Request access" collects.
CREATE TABLE access_request (
  id         TEXT PRIMARY KEY,
  email      TEXT   NOT NULL,            -- in lower case
  name       TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  asset      TEXT   NOT NULL,            -- number of the computer
  address    TEXT   NOT NULL,            -- where it was asked from
  created    BIGINT NOT NULL,
  state      TEXT   NOT NULL,            -- open, approved, refused
  decided    BIGINT NOT NULL,            -- 0: not yet
  decided_by TEXT   NOT NULL,
  why        TEXT   NOT NULL             -- of a refusal
);

-- Asking again changes the open request and makes no second one.
CREATE UNIQUE INDEX access_request_open ON access_request (email) WHERE state = 'open';

-- The open invitation of a person; using it up or renewing it ends the row.
CREATE TABLE invitation (
  person  TEXT PRIMARY KEY,
  hash    TEXT   NOT NULL UNIQUE,        -- hexadecimal SHA-256 of the token
  made    BIGINT NOT NULL,
  made_by TEXT   NOT NULL,
  expires BIGINT NOT NULL
);
