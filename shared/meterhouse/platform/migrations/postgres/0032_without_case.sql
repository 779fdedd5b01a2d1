-- What "whichever the case" means in every search: each letter of Unicode becomes one letter, whatever stands beside it.
-- Python's lower() differs in two (beside letters that only one's version of Unicode has): it makes a final Σ another
-- letter (ς; here σ), and two characters of İ (here i).
-- lower() alone follows the database's locale, which is C and knows A to Z.
CREATE FUNCTION without_case(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(text COLLATE "pg_c_utf8");
