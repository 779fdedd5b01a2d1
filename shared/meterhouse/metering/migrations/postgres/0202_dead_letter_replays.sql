-- A letter is known by its place in the dead-letter topic and its instant: a broker that was reset uses places anew.
CREATE TABLE dead_letter_replays (
    namespace text NOT NULL,
    id text NOT NULL,
    dead_at timestamptz NOT NULL,
    replayed_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id, dead_at)
);
SELECT confine('dead_letter_replays');
