-- Whether a body's operators host other bodies. Said at the machine only.
ALTER TABLE tenant ADD COLUMN operates BOOLEAN NOT NULL DEFAULT FALSE;
-- Since when nobody comes in; nothing of the body is gone meanwhile.
ALTER TABLE tenant ADD COLUMN closed_us BIGINT;
