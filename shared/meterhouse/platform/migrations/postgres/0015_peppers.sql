-- Under which pepper a secret is hashed, and who presents a key may show its hash under each pepper there is. Functions of
-- before this migration know the first pepper alone.
ALTER TABLE api_key_secrets ADD COLUMN pepper integer NOT NULL DEFAULT 1;

ALTER POLICY presented ON api_key_secrets
USING (key_hash = ANY(string_to_array(current_setting('meterhouse.credential', true), ' ')));
ALTER POLICY presented_secret ON api_keys USING (EXISTS (
    SELECT FROM api_key_secrets AS secret
    WHERE secret.namespace = api_keys.namespace AND secret.key_id = api_keys.id
    AND secret.key_hash = ANY(string_to_array(current_setting('meterhouse.credential', true), ' '))
));
