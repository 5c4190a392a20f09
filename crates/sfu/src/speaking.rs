//! Who is speaking, from the audio levels that clients put on their packets (RFC 6464).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::Participant;

/// How long a level weighs: the smoothed level has moved 63 % of the way after this long.
const SMOOTHING: Duration = Duration::from_millis(80);

/// Smoothed level from which somebody speaks, in dBov. Speech at a desk lies around -20 to -35, a fan or
/// a keyboard below -50.
const LOUD: f32 = -45.0;

/// How long somebody still counts as speaking after they were last loud: a breath is not the end.
const HOLD: Duration = Duration::from_millis(700);

/// Least time between two reports: four per second (`docs/protocol.md`, "Who speaks").
const REPORT_EVERY: Duration = Duration::from_millis(250);

/// Level below which all is silence, in dBov. The scale goes down to -127 (RFC 6464 §3), the level of a
/// gate that is shut; a voice need not climb from there.
const SILENCE: f32 = -80.0;

#[derive(Debug)]
struct Voice {
    level: f32,
    heard: Instant,
    loud: Option<Instant>,
}

/// The voices of one conference.
#[derive(Debug, Default)]
pub(crate) struct Speaking {
    voices: BTreeMap<Participant, Voice>,
    reported: Vec<Participant>,
    reported_at: Option<Instant>,
}

impl Speaking {
    /// A packet of `participant` with `level` in dBov, 0 (loudest) to -127.
    pub(crate) fn hear(&mut self, participant: Participant, level: i8, now: Instant) {
        let level = f32::from(level).clamp(SILENCE, 0.0);
        let voice =
            self.voices.entry(participant).or_insert(Voice { level: SILENCE, heard: now, loud: None });
        let passed = now.saturating_duration_since(voice.heard).max(Duration::from_millis(10));
        let weight = 1.0 - (-passed.as_secs_f32() / SMOOTHING.as_secs_f32()).exp();
        voice.level += (level - voice.level) * weight;
        voice.heard = now;
        if voice.level >= LOUD {
            voice.loud = Some(now);
        }
    }

    /// The microphone of `participant` is off, or they left.
    pub(crate) fn forget(&mut self, participant: Participant) {
        self.voices.remove(&participant);
    }

    /// Whether `participant` speaks now.
    pub(crate) fn speaks(&self, participant: Participant, now: Instant) -> bool {
        self.last_spoke(participant).is_some_and(|loud| now < loud + HOLD)
    }

    /// When `participant` was last loud.
    pub(crate) fn last_spoke(&self, participant: Participant) -> Option<Instant> {
        self.voices.get(&participant).and_then(|voice| voice.loud)
    }

    /// The list, if it changed and the last report is long enough ago. Who began first stands first.
    pub(crate) fn report(&mut self, now: Instant) -> Option<Vec<Participant>> {
        if self.reported_at.is_some_and(|at| now < at + REPORT_EVERY) {
            return None;
        }
        let mut list: Vec<_> =
            self.reported.iter().copied().filter(|participant| self.speaks(*participant, now)).collect();
        let begun = self.voices.keys().copied().filter(|participant| self.speaks(*participant, now));
        list.extend(begun.filter(|participant| !self.reported.contains(participant)));
        if list == self.reported {
            return None;
        }
        self.reported.clone_from(&list);
        self.reported_at = Some(now);
        Some(list)
    }

    /// When [`Speaking::report`] may have something to say without anything being heard.
    pub(crate) fn wakes_at(&self, now: Instant) -> Option<Instant> {
        let free = self.reported_at.map(|at| at + REPORT_EVERY);
        let changes = self.voices.iter().filter_map(|(participant, voice)| {
            let ends = voice.loud? + HOLD;
            let reported = self.reported.contains(participant);
            match (reported, now < ends) {
                (true, _) => Some(ends),
                (false, true) => Some(now),
                (false, false) => None,
            }
        });
        let gone = self.reported.iter().any(|participant| !self.voices.contains_key(participant));
        let next = if gone { Some(now) } else { changes.min() };
        next.map(|next| free.map_or(next, |free| next.max(free)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Participant = Participant(1);
    const BOB: Participant = Participant(2);

    /// Hears `level` every 20 ms for `millis` and collects the reports.
    fn hear(
        speaking: &mut Speaking,
        who: Participant,
        level: i8,
        from: Instant,
        millis: u64,
    ) -> Vec<Vec<Participant>> {
        let mut reports = Vec::new();
        for passed in (0..millis).step_by(20) {
            let now = from + Duration::from_millis(passed);
            speaking.hear(who, level, now);
            reports.extend(speaking.report(now));
        }
        reports
    }

    #[test]
    fn a_voice_is_reported_once_and_until_a_while_after_its_end() {
        let start = Instant::now();
        let mut speaking = Speaking::default();
        assert_eq!(hear(&mut speaking, ALICE, -25, start, 1000), [vec![ALICE]]);
        let quiet = start + Duration::from_secs(1);
        assert_eq!(hear(&mut speaking, ALICE, -127, quiet, 600), Vec::<Vec<_>>::new());
        assert_eq!(hear(&mut speaking, ALICE, -127, quiet + Duration::from_millis(600), 600), [vec![]]);
    }

    #[test]
    fn a_click_and_a_fan_are_no_voice() {
        let start = Instant::now();
        let mut speaking = Speaking::default();
        assert!(hear(&mut speaking, ALICE, -60, start, 2000).is_empty());
        speaking.hear(ALICE, -10, start + Duration::from_secs(2));
        let after = start + Duration::from_millis(2020);
        assert!(hear(&mut speaking, ALICE, -60, after, 1000).is_empty());
    }

    #[test]
    fn silence_without_packets_ends_a_voice_by_time_alone() {
        let start = Instant::now();
        let mut speaking = Speaking::default();
        hear(&mut speaking, ALICE, -25, start, 500);
        let wakes = speaking.wakes_at(start + Duration::from_millis(500)).expect("a voice ends some day");
        assert_eq!(speaking.report(wakes), Some(vec![]));
        assert_eq!(speaking.wakes_at(wakes), None);
    }

    #[test]
    fn no_more_than_four_reports_a_second_and_the_first_stays_first() {
        let start = Instant::now();
        let mut speaking = Speaking::default();
        hear(&mut speaking, BOB, -20, start, 300);
        assert_eq!(
            hear(&mut speaking, ALICE, -20, start + Duration::from_millis(300), 300),
            [vec![BOB, ALICE]]
        );
        let forgotten = start + Duration::from_millis(610);
        speaking.forget(BOB);
        let wakes = speaking.wakes_at(forgotten).expect("somebody is gone");
        assert!(wakes >= forgotten);
        assert_eq!(speaking.report(wakes), Some(vec![ALICE]));
        speaking.forget(ALICE);
        assert_eq!(speaking.report(wakes + Duration::from_millis(100)), None);
        assert_eq!(speaking.report(wakes + Duration::from_millis(250)), Some(vec![]));
    }
}
