-- An invoice is voided, or deleted by its state.
SELECT keep('invoices', '{id}');
ALTER TABLE invoice_lines DROP CONSTRAINT invoice_lines_namespace_invoice_id_fkey;
SELECT refer('invoice_lines', '{invoice_id}', 'invoices', '{id}');
ALTER TABLE invoice_transitions DROP CONSTRAINT invoice_transitions_namespace_invoice_id_fkey;
SELECT refer('invoice_transitions', '{invoice_id}', 'invoices', '{id}');
