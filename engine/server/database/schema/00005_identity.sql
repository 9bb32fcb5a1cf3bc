-- +goose Up

-- One row a person, taken first by whatever must look at all factors of the person
-- before it changes one.
CREATE TABLE identity (
  person  TEXT PRIMARY KEY,
  version BIGINT NOT NULL
);

-- Local passwords: argon2id in the format of its reference implementation.
CREATE TABLE identity_password (
  person  TEXT PRIMARY KEY,
  hash    TEXT   NOT NULL,
  changed BIGINT NOT NULL
);

-- Authenticator apps (RFC 6238). A new secret is pending until a code of it was
-- typed; until then the old one counts.
CREATE TABLE identity_totp (
  person  TEXT PRIMARY KEY,
  secret  TEXT   NOT NULL,  -- base32, '' before the first confirmation
  step    BIGINT NOT NULL,  -- of the last accepted code: none up to it counts again
  pending TEXT   NOT NULL,  -- base32, '' when nothing is pending
  made    BIGINT NOT NULL,  -- when pending was
  created BIGINT NOT NULL
);

-- Recovery codes that are left.
CREATE TABLE identity_recovery (
  person TEXT NOT NULL,
  hash   TEXT NOT NULL,     -- hexadecimal SHA-256
  PRIMARY KEY (person, hash)
);

-- Passkeys (WebAuthn credential records).
CREATE TABLE identity_passkey (
  id      TEXT PRIMARY KEY, -- credential id, base64url
  person  TEXT   NOT NULL,
  name    TEXT   NOT NULL,
  record  BYTEA  NOT NULL,  -- JSON of go-webauthn
  created BIGINT NOT NULL,
  used    BIGINT NOT NULL
);
CREATE INDEX identity_passkey_person ON identity_passkey (person);

-- Who somebody is at the institution's provider.
CREATE TABLE identity_link (
  issuer  TEXT   NOT NULL,
  subject TEXT   NOT NULL,
  person  TEXT   NOT NULL,
  email   TEXT   NOT NULL,  -- as the provider wrote it; shown, never looked up
  created BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identity_link_person ON identity_link (person);

-- Work that waits for the browser to come back.
CREATE TABLE identity_ceremony (
  hash    TEXT PRIMARY KEY, -- hexadecimal SHA-256 of the token in the browser
  kind    TEXT   NOT NULL,  -- pending, passkey, passkey-login, provider
  person  TEXT   NOT NULL,  -- '' when not known yet
  data    BYTEA  NOT NULL,  -- JSON, by kind
  tries   BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX identity_ceremony_expires ON identity_ceremony (expires);
