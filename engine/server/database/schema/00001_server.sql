-- +goose Up

-- What the server as a whole knows of itself: its id, its signing keys.
CREATE TABLE fact (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
