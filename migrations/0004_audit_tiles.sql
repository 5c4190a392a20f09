-- The audit log in tiles (C2SP tlog-tiles). The hashes of level 0 come from the commitments of 256 entries;
-- those above are kept here, one for every 256 hashes of the level below, when the last of these is written.
CREATE TABLE audit_subtree (
    tenant BIGINT NOT NULL REFERENCES tenant (id),
    level  BIGINT NOT NULL, -- of the tiles that it stands in, from 1: it covers 256^level entries
    number BIGINT NOT NULL, -- from 0 in its level
    root   BYTES  NOT NULL,
    PRIMARY KEY (tenant, level, number)
);
