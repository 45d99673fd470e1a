-- The record is not rewritten: not by our code by mistake, not by a hand at a console by habit.
-- (A hand that means it can drop these triggers; the chain and its signed checkpoints tell.)

CREATE TRIGGER audit_events_keep BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END;

CREATE TRIGGER audit_events_stay BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END;

-- INSERT OR REPLACE removes what stands in its way without asking the trigger above.
CREATE TRIGGER audit_events_once BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE chain = NEW.chain AND seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit events are never replaced'); END;

CREATE TRIGGER audit_checkpoints_once BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never replaced'); END;

CREATE TRIGGER audit_checkpoints_keep BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never changed'); END;

CREATE TRIGGER audit_checkpoints_stay BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never deleted'); END;
