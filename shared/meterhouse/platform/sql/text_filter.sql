-- name: condition
-- `TextFilter.parameters` on a column, which may be null.
(%({name}_eq)s::text IS NULL OR {name} = %({name}_eq)s)
    AND (%({name}_neq)s::text IS NULL OR {name} IS DISTINCT FROM %({name}_neq)s)
    AND (%({name}_oeq)s::text[] IS NULL OR {name} = ANY(%({name}_oeq)s))
    AND (%({name}_contains)s::text IS NULL OR strpos(without_case({name}), without_case(%({name}_contains)s)) > 0)
    AND (%({name}_ocontains)s::text[] IS NULL
        OR EXISTS (
            SELECT FROM unnest(%({name}_ocontains)s::text[]) part
            WHERE strpos(without_case({name}), without_case(part)) > 0
        ))
    AND (%({name}_gt)s::text IS NULL OR {name} COLLATE "C" > %({name}_gt)s)
    AND (%({name}_gte)s::text IS NULL OR {name} COLLATE "C" >= %({name}_gte)s)
    AND (%({name}_lt)s::text IS NULL OR {name} COLLATE "C" < %({name}_lt)s)
    AND (%({name}_lte)s::text IS NULL OR {name} COLLATE "C" <= %({name}_lte)s)
    AND (%({name}_exists)s::boolean IS NULL OR ({name} IS NOT NULL) = %({name}_exists)s)
