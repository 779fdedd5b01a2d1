-- Whoever presents a token may show its hash under each pepper there is.
ALTER POLICY presented ON portal_tokens
USING (token_hash = ANY(string_to_array(current_setting('meterhouse.credential', true), ' ')));
