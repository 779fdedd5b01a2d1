-- Who bills usage asks what changed of many subjects' at once, whatever their meters are. Marks are kept for 40 days since:
-- invoice runs that stood still for a month lose none.
CREATE INDEX late_usage_of_subjects ON late_usage (namespace, subject, meter_id, id);
