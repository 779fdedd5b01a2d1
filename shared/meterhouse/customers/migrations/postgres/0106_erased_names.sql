-- By what an erased name is known again, under a salt that the erasures of a namespace share: a name is hashed once, however many
-- erasures are remembered. A table beside `subject_erasures`: a sink of the release before reads all columns of that one,
-- and knows the name by its digest there, which is written on.
CREATE TABLE erased_names (
    namespace text NOT NULL,
    erasure_id text NOT NULL,
    salt text NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (namespace, erasure_id),
    FOREIGN KEY (namespace, erasure_id) REFERENCES subject_erasures ON DELETE CASCADE
);
SELECT confine('erased_names');
-- The row of the erasure, written with it, is audited.
SELECT unaudited('erased_names');
