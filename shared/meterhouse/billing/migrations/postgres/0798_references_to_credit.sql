-- A credit note stays when its app refuses it, and is told again. Most lines name neither a grant nor a note.
SELECT keep('credit_notes', '{id}');
ALTER TABLE invoice_lines DROP CONSTRAINT invoice_lines_namespace_grant_id_fkey;
SELECT refer('invoice_lines', '{grant_id}', 'credit_grants', '{id}');
ALTER TABLE invoice_lines DROP CONSTRAINT invoice_lines_namespace_note_id_fkey;
SELECT refer('invoice_lines', '{note_id}', 'credit_notes', '{id}');
