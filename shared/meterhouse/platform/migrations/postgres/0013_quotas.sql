-- How many requests and events a calendar month a key may bring, and its whole namespace; NULL: as many as come.
ALTER TABLE api_keys
    ADD COLUMN monthly_requests bigint CHECK (monthly_requests > 0),
    ADD COLUMN monthly_events bigint CHECK (monthly_events > 0);
ALTER TABLE namespaces
    ADD COLUMN monthly_requests bigint CHECK (monthly_requests > 0),
    ADD COLUMN monthly_events bigint CHECK (monthly_events > 0),
    -- How many requests a second each portal token may make; NULL: as many as where nobody chose.
    ADD COLUMN portal_requests_per_second integer CHECK (portal_requests_per_second > 0),
    ADD COLUMN portal_burst integer CHECK (portal_burst > 0)
        CHECK ((portal_requests_per_second IS NULL) = (portal_burst IS NULL));
