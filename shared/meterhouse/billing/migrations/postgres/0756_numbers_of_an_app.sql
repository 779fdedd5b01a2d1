-- Apps number invoices each by itself: what one has finalised is not refused for a number that another gave.
DROP INDEX one_invoice_of_a_number;
CREATE UNIQUE INDEX one_invoice_of_a_number ON invoices (namespace, app_id, number);
