-- Everything between two people, in one order for each of them: what a client pages through that asks for
-- its whole archive. Both accounts stand on the event, lower id first; in a room of more than two, nothing.
ALTER TABLE event ADD COLUMN pair_low BIGINT;
ALTER TABLE event ADD COLUMN pair_high BIGINT;
UPDATE event SET
    pair_low  = (SELECT MIN(m.account) FROM member m WHERE m.room = event.room),
    pair_high = (SELECT MAX(m.account) FROM member m WHERE m.room = event.room)
 WHERE room IN (SELECT id FROM room WHERE kind = 'direct');
CREATE INDEX event_by_pair_low ON event (pair_low, at_us, room, seq) WHERE pair_low IS NOT NULL;
CREATE INDEX event_by_pair_high ON event (pair_high, at_us, room, seq) WHERE pair_high IS NOT NULL;

-- The time of the latest of them. Whoever appends holds the rows of both people, so that what is committed
-- later is later: a client that read up to an event has read everything before it.
CREATE TABLE pair_tail (
    account BIGINT PRIMARY KEY,
    last_us BIGINT NOT NULL
);
INSERT INTO pair_tail (account, last_us)
SELECT m.account, MAX(t.last_us)
  FROM member m JOIN room r ON r.id = m.room JOIN room_tail t ON t.room = r.id
 WHERE r.kind = 'direct' GROUP BY m.account;
