-- +goose Up

-- Who is signed in, with what. The token itself is nowhere in here, only its SHA-256.
CREATE TABLE session (
  id      TEXT PRIMARY KEY,
  token   TEXT NOT NULL UNIQUE,    -- hex SHA-256
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL,           -- 'browser' or 'app'
  name    TEXT NOT NULL,           -- what the person reads in the list of sessions
  address TEXT NOT NULL,           -- where it was made from
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL,         -- exact to a minute
  fresh   BIGINT NOT NULL,         -- when the person last proved who they are
  expires BIGINT NOT NULL          -- the end, however busy it is
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_expires ON session (expires);

-- Authorization codes (RFC 6749, 4.1) on their way from the browser to the app.
CREATE TABLE authorization_code (
  code         TEXT PRIMARY KEY,   -- hex SHA-256
  person       TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  challenge    TEXT NOT NULL,      -- RFC 7636, S256
  name         TEXT NOT NULL,
  address      TEXT NOT NULL,
  created      BIGINT NOT NULL,
  expires      BIGINT NOT NULL,
  used         BIGINT NOT NULL,    -- 0 or 1
  session      TEXT NOT NULL       -- the session it was exchanged for, '' before
);
CREATE INDEX authorization_code_expires ON authorization_code (expires);

-- Computers without a browser that wait to be let in (RFC 8628).
CREATE TABLE device_grant (
  device_code TEXT PRIMARY KEY,    -- hex SHA-256
  user_code   TEXT NOT NULL UNIQUE,-- hex SHA-256 of the eight letters
  name        TEXT NOT NULL,
  address     TEXT NOT NULL,
  created     BIGINT NOT NULL,
  expires     BIGINT NOT NULL,
  polled      BIGINT NOT NULL,     -- 0: not yet
  pause       BIGINT NOT NULL,     -- milliseconds between two questions, at least
  state       TEXT NOT NULL,       -- 'waiting', 'allowed', 'refused' or 'used'
  person      TEXT NOT NULL,       -- who decided, '' before
  decided     BIGINT NOT NULL
);
CREATE INDEX device_grant_expires ON device_grant (expires);
