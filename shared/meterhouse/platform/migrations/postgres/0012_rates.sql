-- How many requests a second a key may make, and its whole namespace; NULL: as many as it likes.
ALTER TABLE api_keys
    ADD COLUMN requests_per_second integer CHECK (requests_per_second > 0),
    ADD COLUMN burst integer CHECK (burst > 0) CHECK ((requests_per_second IS NULL) = (burst IS NULL));
ALTER TABLE namespaces
    ADD COLUMN requests_per_second integer CHECK (requests_per_second > 0),
    ADD COLUMN burst integer CHECK (burst > 0) CHECK ((requests_per_second IS NULL) = (burst IS NULL));
