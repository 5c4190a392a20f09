-- The lock of a page that nobody touches (ID5, ID6), and the charter of a body (MS14).

ALTER TABLE tenant ADD COLUMN lock_phone_minutes BIGINT NOT NULL DEFAULT 5;
ALTER TABLE tenant ADD COLUMN lock_desk_minutes BIGINT NOT NULL DEFAULT 15;
ALTER TABLE tenant ADD COLUMN charter BIGINT NOT NULL DEFAULT 0; -- the version in force; 0: none
ALTER TABLE label ADD COLUMN lock_minutes BIGINT;                -- stricter than the tenant's, while such a room is open
ALTER TABLE account ADD COLUMN charter BIGINT NOT NULL DEFAULT 0; -- the version accepted last; 0: none

ALTER TABLE session ADD COLUMN locked_us BIGINT;                  -- since when it is locked
ALTER TABLE session ADD COLUMN desk BIGINT NOT NULL DEFAULT 0;    -- 1: its page said that it is on a desk
-- HMAC-SHA-256 under the person's key, with the session's id in it: a stolen database has nothing to try
-- the few digits against, and the code of one browser opens no other.
ALTER TABLE session ADD COLUMN pin BYTES;
ALTER TABLE session ADD COLUMN pin_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN pin_last_us BIGINT NOT NULL DEFAULT 0;

-- The labels of the rooms that a session opened since it was last unlocked, those that lock sooner.
CREATE TABLE session_label (
    tenant  BIGINT NOT NULL REFERENCES tenant (id),
    session BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    label   TEXT   NOT NULL,
    PRIMARY KEY (session, label)
);

-- Every version that was ever published; none is ever changed.
CREATE TABLE charter (
    tenant       BIGINT NOT NULL REFERENCES tenant (id),
    version      BIGINT NOT NULL,
    title        TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    title_en     TEXT,
    body_en      TEXT,
    sha256       BYTES  NOT NULL,
    published_us BIGINT NOT NULL,
    PRIMARY KEY (tenant, version)
);
