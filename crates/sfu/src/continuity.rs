//! One unbroken RTP stream per slot, whoever stands on it.
//!
//! A receiver must not notice that the stream behind a slot changed, paused or jumped: sequence numbers,
//! timestamps and VP8 picture numbers go on from where they stood. (RFC 3550 §5.1; RFC 7741 §4.2.)

use std::time::Instant;

/// How far a source's sequence number may jump ahead before it counts as a new beginning. Four seconds of
/// camera; smaller than the 2^15 at which a receiver would lose count of the SRTP rollovers (RFC 3711 §3.3.1).
const JUMP: u64 = 1024;

const PICTURES: u16 = 1 << 15;

/// Where a packet of the source stands, as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which stream of the source: another one is a new beginning.
    pub(crate) ssrc: u32,
    /// Extended sequence number.
    pub(crate) seq: u64,
    /// RTP timestamp.
    pub(crate) time: u32,
    /// VP8 PictureID, 7 or 15 bits.
    pub(crate) picture: Option<u16>,
    /// VP8 TL0PICIDX.
    pub(crate) base_layer: Option<u8>,
}

/// Where the same packet stands on the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) seq: u64,
    pub(crate) time: u32,
    pub(crate) picture: Option<u16>,
    pub(crate) base_layer: Option<u8>,
}

/// What a slot does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send it, there.
    Send(Placed),
    /// It belongs to what came before this slot began; drop it.
    Stale,
    /// The slot does not follow this stream (yet, or any more): begin with [`Continuity::begin`].
    Unknown,
}

#[derive(Debug)]
struct Anchor {
    ssrc: u32,
    first: u64,
    newest: u64,
    seq: u64,
    time: u32,
    picture: u16,
    base_layer: u8,
}

/// The state of one slot.
#[derive(Debug)]
pub(crate) struct Continuity {
    clock: u32,
    anchor: Option<Anchor>,
    last: Option<(Placed, Instant)>,
}

impl Continuity {
    /// An unused slot for media of `clock` Hz.
    pub(crate) fn new(clock: u32) -> Self {
        Self { clock, anchor: None, last: None }
    }

    /// Stops following; what comes next is a new beginning.
    pub(crate) fn pause(&mut self) {
        self.anchor = None;
    }

    /// Follows a stream from `place` on, right behind what was sent last.
    pub(crate) fn begin(&mut self, place: Place, now: Instant) -> Placed {
        let (seq, time, picture, base_layer) = match &self.last {
            // The first number is above zero so that a receiver may see an earlier packet come late, and far
            // below 2^16 because the rollover count must begin at 0.
            None => (1, place.time, place.picture.unwrap_or(0), place.base_layer.unwrap_or(0)),
            Some((last, at)) => {
                let passed =
                    now.saturating_duration_since(*at).as_micros() * u128::from(self.clock) / 1_000_000;
                let time = last.time.wrapping_add((passed as u32).max(1));
                let picture = last.picture.map_or(0, |picture| (picture + 1) % PICTURES);
                (last.seq + 1, time, picture, last.base_layer.map_or(0, |layer| layer.wrapping_add(1)))
            }
        };
        self.anchor = Some(Anchor {
            ssrc: place.ssrc,
            first: place.seq,
            newest: place.seq,
            seq: seq.wrapping_sub(place.seq),
            time: time.wrapping_sub(place.time),
            picture: picture.wrapping_sub(place.picture.unwrap_or(0)),
            base_layer: base_layer.wrapping_sub(place.base_layer.unwrap_or(0)),
        });
        match self.follow(place, now) {
            Verdict::Send(placed) => placed,
            // The anchor was made for this very packet.
            Verdict::Stale | Verdict::Unknown => unreachable!("a stream follows its own first packet"),
        }
    }

    /// Says where a packet goes.
    pub(crate) fn follow(&mut self, place: Place, now: Instant) -> Verdict {
        let Some(anchor) = &mut self.anchor else { return Verdict::Unknown };
        if anchor.ssrc != place.ssrc || place.seq > anchor.newest.saturating_add(JUMP) {
            self.anchor = None;
            return Verdict::Unknown;
        }
        if place.seq < anchor.first {
            return Verdict::Stale;
        }
        let placed = Placed {
            seq: place.seq.wrapping_add(anchor.seq),
            time: place.time.wrapping_add(anchor.time),
            picture: place.picture.map(|picture| picture.wrapping_add(anchor.picture) % PICTURES),
            base_layer: place.base_layer.map(|layer| layer.wrapping_add(anchor.base_layer)),
        };
        if place.seq >= anchor.newest {
            anchor.newest = place.seq;
            self.last = Some((placed, now));
        }
        Verdict::Send(placed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place(ssrc: u32, seq: u64, time: u32) -> Place {
        Place { ssrc, seq, time, picture: Some((seq % 32768) as u16), base_layer: Some(seq as u8) }
    }

    fn sent(verdict: Verdict) -> Placed {
        match verdict {
            Verdict::Send(placed) => placed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn another_source_goes_on_where_the_first_stood() {
        let start = Instant::now();
        let mut slot = Continuity::new(90_000);
        assert_eq!(slot.follow(place(1, 70_000, 5), start), Verdict::Unknown);
        let first = slot.begin(place(1, 70_000, 5), start);
        assert_eq!((first.seq, first.time), (1, 5));
        let second = sent(slot.follow(place(1, 70_001, 3005), start));
        assert_eq!((second.seq, second.time), (2, 3005));

        let later = start + Duration::from_millis(100);
        assert_eq!(slot.follow(place(2, 12, 1_000_000), later), Verdict::Unknown);
        let third = slot.begin(place(2, 12, 1_000_000), later);
        assert_eq!((third.seq, third.time), (3, 3005 + 9000));
        assert_eq!(third.picture, second.picture.map(|picture| picture + 1));
        assert_eq!(third.base_layer, second.base_layer.map(|layer| layer.wrapping_add(1)));
        assert_eq!(slot.follow(place(2, 11, 999_000), later), Verdict::Stale);
        assert_eq!(sent(slot.follow(place(2, 14, 1_003_000), later)).seq, 5);
        assert_eq!(sent(slot.follow(place(2, 13, 1_000_000), later)).seq, 4, "a late packet fills its gap");
    }

    #[test]
    fn a_pause_leaves_no_gap_and_a_jump_is_a_new_beginning() {
        let start = Instant::now();
        let mut slot = Continuity::new(48_000);
        slot.begin(place(1, 100, 0), start);
        slot.pause();
        let resumed = slot.begin(place(1, 150, 48_000), start + Duration::from_secs(1));
        assert_eq!((resumed.seq, resumed.time), (2, 48_000));
        assert_eq!(slot.follow(place(1, 150 + JUMP + 1, 0), start), Verdict::Unknown);
        assert_eq!(
            slot.follow(place(1, 151, 48_960), start),
            Verdict::Unknown,
            "and stays one until it begins"
        );
    }

    #[test]
    fn numbers_wrap_without_a_panic() {
        let start = Instant::now();
        let mut slot = Continuity::new(90_000);
        let last = Place { picture: Some(32_767), base_layer: Some(255), ..place(1, u64::MAX - 1, u32::MAX) };
        slot.begin(last, start);
        let next = Place { picture: Some(0), base_layer: Some(0), ..place(1, u64::MAX, 2999) };
        let placed = sent(slot.follow(next, start));
        assert_eq!((placed.seq, placed.time), (2, 2999));
        assert_eq!((placed.picture, placed.base_layer), (Some(0), Some(0)));
    }
}
