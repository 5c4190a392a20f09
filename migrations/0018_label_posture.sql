-- What must be reported of a managed device before a label opens on it: words of `Posture`, by spaces; empty: nothing.
ALTER TABLE label ADD COLUMN posture TEXT NOT NULL DEFAULT '';
