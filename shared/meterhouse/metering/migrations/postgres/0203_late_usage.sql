-- What changed in the past: a mark for usage of a meter and subject that was stored well after it occurred. Whoever keeps
-- something made of usage remembers the last id it saw *before* it read the usage; what it keeps of later than `earliest`
-- is void once a mark with a greater id is there. Exact, because an id is drawn after the usage is stored: whoever sees an
-- id sees the usage of all smaller ones, those not committed yet too. Hence no cache on the sequence.
-- One key serves both who asks: a balance knows its meter, and an invoice run asks for many subjects, whatever the meter.
-- Marks are kept for 40 days: invoice runs that stood still for a month lose none; a balance trusts what it kept for 7.
CREATE TABLE late_usage (
    namespace text NOT NULL,
    meter_id text NOT NULL,
    subject text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    earliest timestamptz NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (namespace, subject, meter_id, id)
);
CREATE INDEX late_usage_by_age ON late_usage (namespace, marked_at);
SELECT confine('late_usage');
