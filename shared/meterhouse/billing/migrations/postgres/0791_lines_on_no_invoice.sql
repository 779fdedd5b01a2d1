-- What credit alone settles and what is in units: read so soon after its own end, it is compared once more.
CREATE INDEX lines_on_no_invoice ON invoice_lines (namespace, customer_id, updated_at) WHERE NOT is_invoiced;
