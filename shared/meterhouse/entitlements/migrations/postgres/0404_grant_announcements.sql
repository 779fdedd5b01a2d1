-- Until when all that came to pass by itself with grants (expiry, recurrence, issue after a reset) was told, by namespace.
CREATE TABLE grant_announcements (
    namespace text NOT NULL PRIMARY KEY REFERENCES namespaces,
    told_until timestamptz NOT NULL
);
SELECT confine('grant_announcements');
-- What a window of time is searched by.
CREATE INDEX grants_by_expiry ON grants (namespace, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX usage_resets_by_creation ON usage_resets (namespace, created_at);
