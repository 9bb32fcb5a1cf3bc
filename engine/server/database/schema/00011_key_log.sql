-- +goose Up

-- Which entries of the key store's log, which is in another database, this server's log
-- and the people it concerns have been told of, each once, by whoever comes first.
CREATE TABLE key_entry_told (
  hash   TEXT   PRIMARY KEY, -- of the entry, hexadecimal
  number BIGINT NOT NULL     -- of the entry
);

-- Up to where the key store's log was looked through for entries that nobody told of.
CREATE TABLE key_log (
  one    BIGINT PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL, -- of the last entry; -1: it was never looked at
  hash   TEXT   NOT NULL  -- of that entry
);
INSERT INTO key_log VALUES (1, -1, '');
