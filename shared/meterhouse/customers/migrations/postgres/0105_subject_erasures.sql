-- Who was erased, under which name it stands now: the row holds the name itself for as long as something bears it, and a
-- digest of it, under the row's random id, for as long as the log may bring it again.
CREATE TABLE subject_erasures (
    namespace text NOT NULL REFERENCES namespaces,
    id text NOT NULL,
    status text NOT NULL CHECK (status IN ('waiting', 'erasing', 'complete')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    subject text CHECK ((subject IS NULL) = (status = 'complete')),
    digest text CHECK (subject IS NULL OR digest IS NOT NULL),
    completed_at timestamptz CHECK ((completed_at IS NULL) = (subject IS NOT NULL)),
    archived_until text NOT NULL,
    events bigint NOT NULL,
    meter_values bigint NOT NULL,
    files bigint NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (namespace, id)
);
SELECT confine('subject_erasures');
CREATE INDEX subject_erasures_due ON subject_erasures (namespace, due_at) WHERE subject IS NOT NULL;
CREATE INDEX subject_erasures_remembered ON subject_erasures (namespace) WHERE digest IS NOT NULL;
