-- +goose Up

-- What this key store knows of itself: which master key it was made with.
CREATE TABLE key_store (
  one     BIGINT PRIMARY KEY CHECK (one = 1),
  wrapper TEXT   NOT NULL,   -- the id of the master key
  created BIGINT NOT NULL    -- milliseconds
);

-- The secret of each account whose key the institution holds. Nothing here opens
-- without the master key, which is not in this database.
CREATE TABLE kept_key (
  account  TEXT   PRIMARY KEY,
  key_file TEXT   NOT NULL,   -- the name of the key file in the repository that the secret opens
  wrapper  TEXT   NOT NULL,   -- the id of the master key that wrapped it
  wrapped  BYTEA  NOT NULL,
  since    BIGINT NOT NULL
);

-- The key store's own log, in the form of the server's (engine/server/audit): what was
-- kept, released and forgotten, chained by SHA-256.
CREATE TABLE audit (
  number  BIGINT PRIMARY KEY,
  at      BIGINT NOT NULL,
  actor   TEXT   NOT NULL,
  action  TEXT   NOT NULL,
  target  TEXT   NOT NULL,
  person  TEXT   NOT NULL,
  reason  TEXT   NOT NULL,
  address TEXT   NOT NULL,
  hash    TEXT   NOT NULL
);
CREATE INDEX audit_actor  ON audit (actor, number);
CREATE INDEX audit_target ON audit (target, number);
CREATE INDEX audit_person ON audit (person, number);

CREATE TABLE audit_head (
  one    BIGINT PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL,
  hash   TEXT   NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
