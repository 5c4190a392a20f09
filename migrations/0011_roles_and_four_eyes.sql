-- Roles that a body makes for itself, and acts that wait for a second person.

-- The rank that somebody gave by hand; nothing: the membership came by roles only, and goes with the last of
-- them. `rank` is what holds.
ALTER TABLE member ADD COLUMN by_hand TEXT CHECK (by_hand IN ('member', 'moderator', 'owner'));
UPDATE member SET by_hand = rank;

CREATE TABLE business_role (
    id          BIGINT PRIMARY KEY,
    tenant      BIGINT NOT NULL REFERENCES tenant (id),
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL,
    created_us  BIGINT NOT NULL,
    UNIQUE (tenant, name)
);

CREATE TABLE business_role_holder (
    role     BIGINT NOT NULL REFERENCES business_role (id),
    account  BIGINT NOT NULL REFERENCES account (id),
    since_us BIGINT NOT NULL,
    PRIMARY KEY (role, account)
);
CREATE INDEX business_role_by_holder ON business_role_holder (account, role);

-- The rule: whoever holds the role belongs to the room.
CREATE TABLE business_role_room (
    role BIGINT NOT NULL REFERENCES business_role (id),
    room BIGINT NOT NULL REFERENCES room (id),
    rank TEXT   NOT NULL CHECK (rank IN ('member', 'moderator')),
    PRIMARY KEY (role, room)
);
CREATE INDEX business_role_by_room ON business_role_room (room, role);

-- ID16. Four eyes unless the body decided, with four eyes, that two will do.
ALTER TABLE tenant ADD COLUMN four_eyes BOOLEAN NOT NULL DEFAULT TRUE;

CREATE TABLE request (
    id             BIGINT PRIMARY KEY,
    tenant         BIGINT NOT NULL REFERENCES tenant (id),
    act            TEXT   NOT NULL,
    parameters     TEXT   NOT NULL, -- always the same text for the same act
    seen           TEXT   NOT NULL, -- what the act was asked about, as it was; approved only while it still is so
    reason         TEXT   NOT NULL,
    asked_by       BIGINT NOT NULL REFERENCES account (id),
    asked_role     TEXT   NOT NULL, -- their technical role then: it says who decides
    asked_us       BIGINT NOT NULL,
    expires_us     BIGINT NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('waiting', 'approved', 'refused')),
    decided_by     BIGINT, -- account, 0 for the operator at the machine
    decided_us     BIGINT,
    right_until_us BIGINT, -- until when what was approved can be used by whoever asked
    used_us        BIGINT,
    used_session   BIGINT, -- the one session that used it
    ended_us       BIGINT  -- when an impersonation ended, if before its time
);
CREATE INDEX request_by_tenant ON request (tenant, id);

-- A session in which an administrator acts in somebody's name, and the session of their own to come back to.
ALTER TABLE session ADD COLUMN impersonated_by BIGINT;
ALTER TABLE session ADD COLUMN back_to BIGINT;
CREATE INDEX session_by_helper ON session (impersonated_by) WHERE impersonated_by IS NOT NULL;
