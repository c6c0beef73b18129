-- API clients may have a request rate of their own, below their customer's.

-- +goose Up

ALTER TABLE client ADD COLUMN requests_per_minute INTEGER NOT NULL DEFAULT 0; -- 0: only the customer's rate counts
