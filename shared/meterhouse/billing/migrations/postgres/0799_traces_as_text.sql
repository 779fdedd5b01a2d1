-- Nothing looks into them but whoever reads the line: as text they are checked and kept in a third of the time.
-- contract: since 0.1.0
ALTER TABLE invoice_lines
ALTER COLUMN detailed TYPE json USING detailed::json,
ALTER COLUMN trace TYPE json USING trace::json;
