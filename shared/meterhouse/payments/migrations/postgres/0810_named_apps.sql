-- A webhook names its app and nothing else: whoever was told the id of an app may see whose it is.
CREATE POLICY named ON apps FOR SELECT USING (id = current_setting('meterhouse.app', true));
