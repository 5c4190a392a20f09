-- Who calls, in a room of two, until the other takes the call: what a server that was killed left ringing
-- is written as a missed call, not as a meeting that ended.
ALTER TABLE open_meeting ADD COLUMN calling BIGINT;
