-- +goose Up

-- A removal is a run in which one computer of an account removes repository files: its
-- person opened it with a fresh sign-in, for some hours. The secret that goes with
-- each deletion is kept as its SHA-256.
CREATE TABLE removal (
  id          TEXT   PRIMARY KEY,
  account     TEXT   NOT NULL, -- id of the person
  computer    TEXT   NOT NULL, -- the one that may
  address     TEXT   NOT NULL, -- from where it was opened
  proof       TEXT   NOT NULL, -- hexadecimal; '' when nobody may remove under it now
  state       TEXT   NOT NULL, -- open; frozen: far outside the usual; allowed: frozen before, waits to be opened again; refused; closed
  why         TEXT   NOT NULL, -- frozen: what was outside the usual
  allowed     BIGINT NOT NULL, -- 1: an administrator lets it go beyond the usual
  opened      BIGINT NOT NULL,
  expires     BIGINT NOT NULL,
  ended       BIGINT NOT NULL, -- 0: it did not
  undone      BIGINT NOT NULL, -- when what it removed was brought back; 0: it was not

  -- What was removed under it.
  snapshots   BIGINT NOT NULL,
  indexes     BIGINT NOT NULL,
  packs       BIGINT NOT NULL,
  bytes       BIGINT NOT NULL, -- of the packs
  full_bytes  BIGINT NOT NULL, -- of the packs that are not small
  months      BIGINT NOT NULL, -- a month of a computer of which no snapshot is left counts one

  -- What it is held against.
  base_bytes  BIGINT NOT NULL, -- of packs, before it and the removals of the week before
  base_months BIGINT NOT NULL, -- the same
  may_bytes   BIGINT NOT NULL  -- while they have taken no more than this, bytes need not be looked at again
);
CREATE INDEX removal_account ON removal (account, opened);
CREATE INDEX removal_proof   ON removal (proof) WHERE proof <> '';

-- held: the removal under which it went there, so that one can be brought back as a whole.
ALTER TABLE object ADD COLUMN removal TEXT NOT NULL DEFAULT '';
CREATE INDEX object_removal ON object (removal) WHERE removal <> '';
