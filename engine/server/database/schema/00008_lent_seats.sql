-- +goose Up

-- A computer that is about to take the place of another is lent a seat until it does,
-- or until this moment; 0: the seat is its own.
ALTER TABLE computer ADD COLUMN lent BIGINT NOT NULL DEFAULT 0;

-- A computer that gave its seat up because it has that of another one now: what it
-- stored stays for as long as that one does. '': none.
ALTER TABLE computer ADD COLUMN successor TEXT NOT NULL DEFAULT '';
