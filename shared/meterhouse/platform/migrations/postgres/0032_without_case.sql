-- What "whichever the case" means in every search: the letters of Unicode, as Python's lower() has them. lower() alone
-- follows the database's locale, which is C and knows A to Z.
CREATE FUNCTION without_case(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(text COLLATE "pg_c_utf8");
