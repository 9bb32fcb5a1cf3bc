-- +goose Up

-- How a lent seat ended without its computer taking the place of another: 0: it did not, or
-- somebody removed the computer; 1: its time ran out or another computer was lent one, and
-- its person was not told yet; 2: its person was told.
ALTER TABLE computer ADD COLUMN unfinished BIGINT NOT NULL DEFAULT 0;

UPDATE computer SET unfinished = 2 WHERE lent > 0 AND removed > 0 AND removed = lent AND successor = '';
