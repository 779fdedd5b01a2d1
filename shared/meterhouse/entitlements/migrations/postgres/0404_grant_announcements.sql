-- Until when all that came to pass by itself with grants (expiry, recurrence, issue after a reset) was told, by namespace.
CREATE TABLE grant_announcements (
    namespace text NOT NULL PRIMARY KEY REFERENCES namespaces,
    told_until timestamptz NOT NULL
);
SELECT confine('grant_announcements');
-- Which resets somebody asked for in a window of time.
CREATE INDEX usage_resets_by_creation ON usage_resets (namespace, created_at);
