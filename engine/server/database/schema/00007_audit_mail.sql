-- +goose Up

-- What was done that weakens security, moves a key or changes who may do what. Rows
-- are only added, each with the SHA-256 over its own fields and the row before.
CREATE TABLE audit (
  number  BIGINT PRIMARY KEY,   -- 1, 2, 3, …: the order, whatever the clock said
  at      BIGINT NOT NULL,      -- milliseconds
  actor   TEXT   NOT NULL,      -- the id of a person, or a word such as "server"
  action  TEXT   NOT NULL,
  target  TEXT   NOT NULL,      -- what it was done to: the id of a person, a computer, a session
  person  TEXT   NOT NULL,      -- whom it concerns
  reason  TEXT   NOT NULL,
  address TEXT   NOT NULL,      -- the client's
  hash    TEXT   NOT NULL       -- hex
);
CREATE INDEX audit_actor  ON audit (actor, number);
CREATE INDEX audit_target ON audit (target, number);
CREATE INDEX audit_person ON audit (person, number);

-- The end of the chain: one row, which writers take first and so wait for one another.
CREATE TABLE audit_head (
  one    BIGINT PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL,
  hash   TEXT   NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- Letters on their way. The text goes when the letter has gone or was given up.
CREATE TABLE outbox (
  id        TEXT   PRIMARY KEY,
  recipient TEXT   NOT NULL,
  subject   TEXT   NOT NULL,
  body      TEXT   NOT NULL,
  state     TEXT   NOT NULL,   -- waiting | sent | given up
  created   BIGINT NOT NULL,
  due       BIGINT NOT NULL,   -- when it is tried next; moved on by whoever takes it
  tries     BIGINT NOT NULL,
  problem   TEXT   NOT NULL,   -- what the mail server said last
  ended     BIGINT NOT NULL    -- when it was sent or given up
);
CREATE INDEX outbox_due ON outbox (state, due);
