-- +goose Up

-- A computer that is about to take the place of another is lent a seat until it does,
-- or until this moment; 0: the seat is its own.
ALTER TABLE computer ADD COLUMN lent BIGINT NOT NULL DEFAULT 0;
