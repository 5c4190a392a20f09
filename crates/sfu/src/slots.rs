//! Which stream stands on which receive line.
//!
//! A stream keeps its slot until another needs it: a picture that jumps to another tile at every change
//! is worse than a slot that stays dark for a while.

use std::time::Instant;

use crate::Participant;

/// What a participant can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The microphone.
    Audio,
    /// The camera.
    Video,
    /// A shared screen.
    Screen,
}

impl Kind {
    /// The three, in the order of the send lines of an offer.
    pub const ALL: [Kind; 3] = [Kind::Audio, Kind::Video, Kind::Screen];
}

/// A stream of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SourceId {
    pub(crate) participant: Participant,
    pub(crate) kind: Kind,
}

/// Where a receiver finds a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose stream it is.
    pub participant: Participant,
    /// Which of their streams.
    pub kind: Kind,
    /// The `mid` of the line in the receiver's offer (RFC 8843 §9.1).
    pub mid: String,
}

/// A stream that is on, with what decides when there are more streams than slots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) source: SourceId,
    pub(crate) speaking: bool,
    pub(crate) last_spoke: Option<Instant>,
}

/// Puts the streams of `wanted` on the slots of `holders`, no more than `limit` of them, and returns the
/// indices of the slots that changed hands.
///
/// In this order: the slot it has; a free one; one whose stream is off; and if all are in use, somebody
/// who speaks takes the place of who has been silent longest, and a screen that of any camera.
pub(crate) fn place(holders: &mut [Option<SourceId>], wanted: &[Wanted], limit: usize) -> Vec<usize> {
    let mut changed = Vec::new();
    let is_on = |holder: SourceId| wanted.iter().any(|want| want.source == holder);
    let mut lit = holders.iter().flatten().filter(|holder| is_on(**holder)).count();
    while lit > limit
        && let Some(slot) = quietest(holders, wanted, |_| true)
    {
        holders[slot] = None;
        changed.push(slot);
        lit -= 1;
    }
    for want in wanted {
        if holders.contains(&Some(want.source)) {
            continue;
        }
        let open = (lit < limit).then(|| {
            let free = holders.iter().position(Option::is_none);
            free.or_else(|| holders.iter().position(|holder| holder.is_some_and(|holder| !is_on(holder))))
        });
        let slot = match open.flatten() {
            Some(slot) => {
                lit += 1;
                slot
            }
            None => {
                let screen = want.source.kind == Kind::Screen;
                let may_go = |holder: &Wanted| {
                    holder.source.kind != Kind::Screen && (screen || (want.speaking && !holder.speaking))
                };
                let Some(slot) = quietest(holders, wanted, may_go) else { continue };
                slot
            }
        };
        holders[slot] = Some(want.source);
        changed.push(slot);
    }
    changed
}

/// The slot of whoever has been silent longest among those who `may_go`; cameras before screens.
fn quietest(
    holders: &[Option<SourceId>],
    wanted: &[Wanted],
    may_go: impl Fn(&Wanted) -> bool,
) -> Option<usize> {
    let held = holders.iter().enumerate().filter_map(|(slot, holder)| {
        let holder = wanted.iter().find(|other| Some(other.source) == *holder)?;
        may_go(holder).then_some((slot, holder))
    });
    let rank = |holder: &Wanted| (holder.source.kind == Kind::Screen, holder.speaking, holder.last_spoke);
    held.min_by_key(|(_, holder)| rank(holder)).map(|(slot, _)| slot)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn source(participant: u32, kind: Kind) -> SourceId {
        SourceId { participant: Participant(participant), kind }
    }

    fn silent(participant: u32, kind: Kind) -> Wanted {
        Wanted { source: source(participant, kind), speaking: false, last_spoke: None }
    }

    #[test]
    fn a_stream_keeps_its_slot() {
        let mut holders = [None; 3];
        let all = [1, 2, 3].map(|id| silent(id, Kind::Audio));
        assert_eq!(place(&mut holders, &all, usize::MAX), [0, 1, 2]);
        let before = holders;
        assert_eq!(place(&mut holders, &[all[2], all[0]], usize::MAX), []);
        assert_eq!(holders, before);
    }

    #[test]
    fn a_dark_slot_is_taken_before_a_lit_one() {
        let mut holders = [Some(source(1, Kind::Video)), Some(source(2, Kind::Video))];
        let wanted = [silent(1, Kind::Video), silent(3, Kind::Video)];
        assert_eq!(place(&mut holders, &wanted, usize::MAX), [1]);
        assert_eq!(holders[0], Some(source(1, Kind::Video)));
    }

    #[test]
    fn when_all_are_in_use_a_speaker_takes_the_place_of_the_longest_silent() {
        let start = Instant::now();
        let mut holders = [1, 2, 3].map(|id| Some(source(id, Kind::Audio)));
        let spoke = |id, seconds| Wanted {
            last_spoke: Some(start + Duration::from_secs(seconds)),
            ..silent(id, Kind::Audio)
        };
        let mut wanted = vec![spoke(1, 5), spoke(2, 3), spoke(3, 9), silent(4, Kind::Audio)];
        assert_eq!(place(&mut holders, &wanted, usize::MAX), [], "silence displaces nobody");
        wanted[3].speaking = true;
        assert_eq!(place(&mut holders, &wanted, usize::MAX), [1]);
        assert_eq!(holders[1], Some(source(4, Kind::Audio)));
    }

    #[test]
    fn a_full_line_keeps_screens_then_speakers_and_shows_who_speaks() {
        let mut holders = [None; 4];
        let speaking = |id, kind| Wanted { speaking: true, ..silent(id, kind) };
        let mut wanted = [
            silent(1, Kind::Video),
            speaking(2, Kind::Video),
            silent(3, Kind::Screen),
            silent(4, Kind::Video),
        ];
        place(&mut holders, &wanted, 4);
        place(&mut holders, &wanted, 2);
        assert_eq!(holders, [None, Some(source(2, Kind::Video)), Some(source(3, Kind::Screen)), None]);
        assert_eq!(place(&mut holders, &wanted, 2), [], "a free slot is no room on the line");
        (wanted[1].speaking, wanted[3].speaking) = (false, true);
        assert_eq!(place(&mut holders, &wanted, 2), [1]);
        assert_eq!(holders[1], Some(source(4, Kind::Video)));
        place(&mut holders, &wanted, 3);
        assert_eq!(holders[0], Some(source(1, Kind::Video)));
    }

    #[test]
    fn nobody_who_speaks_is_displaced_by_a_camera_and_anybody_by_a_screen() {
        let mut holders = [1, 2].map(|id| Some(source(id, Kind::Video)));
        let speaking = |id, kind| Wanted { speaking: true, ..silent(id, kind) };
        let both = [speaking(1, Kind::Video), speaking(2, Kind::Video)];
        let mut wanted = both.to_vec();
        wanted.push(speaking(3, Kind::Video));
        assert_eq!(place(&mut holders, &wanted, usize::MAX), []);
        wanted.push(silent(4, Kind::Screen));
        assert_eq!(place(&mut holders, &wanted, usize::MAX), [0]);
        wanted.push(silent(5, Kind::Screen));
        assert_eq!(place(&mut holders, &wanted, usize::MAX), [1], "a screen never displaces a screen");
        wanted.push(silent(6, Kind::Screen));
        assert_eq!(place(&mut holders, &wanted, usize::MAX), []);
    }
}
