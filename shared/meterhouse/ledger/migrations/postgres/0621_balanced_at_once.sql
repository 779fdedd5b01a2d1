-- Whether all entries were written with it, in one statement: then they are looked at when that ends, of all its transactions
-- at once. They have all numbers that there are, so that none can come later; and nothing that was written changes. Others are
-- looked at when the database's transaction commits, one by one, as before.
ALTER TABLE ledger_transactions ADD COLUMN is_whole boolean NOT NULL DEFAULT false;

DROP TRIGGER balanced ON ledger_transactions;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transactions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT NEW.is_whole) EXECUTE FUNCTION refuse_unbalanced();

CREATE FUNCTION refuse_unbalanced_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced text := (
        SELECT key FROM written AS whole
        WHERE is_whole AND (
            -- as refuse_unbalanced(); a value, so that each is looked up by its key
            SELECT sum(own) = whole.entries AND bool_and(total = 0)
            FROM (
                SELECT
                    sum(amount) AS total,
                    count(*) FILTER (
                        WHERE (customer_id, kind, booked_at) = (whole.customer_id, whole.kind, whole.booked_at)
                    ) AS own
                FROM ledger_entries
                WHERE namespace = whole.namespace AND transaction_id = whole.id
                GROUP BY currency
            ) AS by_currency
        ) IS NOT TRUE
        LIMIT 1
    );
BEGIN
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', unbalanced USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balanced_at_once AFTER INSERT ON ledger_transactions REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced_whole();
