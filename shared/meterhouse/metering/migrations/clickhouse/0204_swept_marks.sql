-- Covered marks of sinks are of no use and go after a week. Those of sweeps say that a value was dealt with, and stay: every
-- sweep until its period is invoiced asks for them.
ALTER TABLE dirty_hours MODIFY TTL at + INTERVAL 7 DAY DELETE WHERE covered = 1 AND NOT startsWith(mark, 'swept ');
