-- A line is 2 kB with its trace, just so much that its trace was compressed, which took as long as reading its JSON. Two lines
-- of up to this size fit a page.
ALTER TABLE invoice_lines SET (toast_tuple_target = 4080);
