-- How far earlier events have been read for a meter, one row for each reading of it (`revision`). What a row says is done
-- is done: `cursor` moves after the values are written. `steps` counts the moves, so that of two runs at once one moves it.
CREATE TABLE meter_backfills (
    namespace text NOT NULL,
    meter_id text NOT NULL,
    revision integer NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'running', 'complete', 'failed')),
    read_events bigint NOT NULL,
    total_events bigint NOT NULL,
    cursor jsonb,
    steps integer NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    stepped_at timestamptz NOT NULL,
    finished_at timestamptz,
    problem text,
    PRIMARY KEY (namespace, meter_id, revision),
    FOREIGN KEY (namespace, meter_id) REFERENCES meters (namespace, id)
);
CREATE INDEX meter_backfills_open ON meter_backfills (namespace, stepped_at) WHERE status IN ('pending', 'running', 'failed');
SELECT confine('meter_backfills');
