-- name: forget
-- Of another count than the one before this change they were void already.
DELETE FROM balance_snapshots
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s
    AND (at >= %(at)s OR changes <> %(changes)s - 1)

-- name: keep
UPDATE balance_snapshots SET changes = %(changes)s
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s
