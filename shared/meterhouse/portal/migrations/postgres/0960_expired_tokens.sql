-- Tokens that are over for long are deleted, a few with every new one.
CREATE INDEX portal_tokens_expired ON portal_tokens (namespace, expires_at);
