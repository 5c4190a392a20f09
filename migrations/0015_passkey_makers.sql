-- Whose passkeys a body takes: root certificates of their makers, as PEM; empty: anybody's.
ALTER TABLE tenant ADD COLUMN passkey_makers TEXT NOT NULL DEFAULT '';
