-- How many hours a proof of who one is opens a room of a label; NULL: as long as the session lasts.
ALTER TABLE label ADD COLUMN proof_hours BIGINT;
-- When the person of a session last proved, in whatever way, that it is them: sign-in, step-up, opening a lock. Unlike
-- `proved_us` a weaker proof than they could give counts, too: it says who is there, not what they may change.
ALTER TABLE session ADD COLUMN identified_us BIGINT NOT NULL DEFAULT 0;
UPDATE session SET identified_us = proved_us;
