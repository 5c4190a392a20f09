//! How many pictures a receiver's line carries.
//!
//! Nothing makes a meeting as useless as broken sound, and pictures are what fills a line: ten cameras are
//! 10 Mbit/s. When many packets on the way to somebody are lost for some seconds, they get half of their
//! pictures; when all is calm again, one more at a time. Sound is never taken away.

use std::time::{Duration, Instant};

use crate::VIDEO_SLOTS;

/// From this share of packets lost on, the line is too full. A bad radio link alone loses less.
const HEAVY: f32 = 0.10;

/// Up to this share lost, the line has room.
const LIGHT: f32 = 0.03;

/// Reports of heavy loss in a row before anything is taken away; there is one per second.
const REPORTS: u32 = 3;

/// How long a line must be calm before it is tried with one picture more.
const CALM: Duration = Duration::from_secs(10);

/// Longest [`CALM`], after trying in vain again and again.
const CALM_AT_MOST: Duration = Duration::from_secs(120);

/// One receiver's line.
#[derive(Debug)]
pub(crate) struct Downlink {
    limit: usize,
    heavy: u32,
    calm_since: Option<Instant>,
    calm: Duration,
    grew_at: Option<Instant>,
}

impl Downlink {
    pub(crate) fn new() -> Self {
        Self { limit: VIDEO_SLOTS, heavy: 0, calm_since: None, calm: CALM, grew_at: None }
    }

    /// Most pictures to send to this receiver.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes the share of packets `lost` during the last second, with so many `pictures` being sent; whether
    /// the limit changed.
    pub(crate) fn report(&mut self, lost: f32, pictures: usize, now: Instant) -> bool {
        if lost >= HEAVY {
            self.calm_since = None;
            self.heavy += 1;
            return self.heavy >= REPORTS && self.shrink(pictures, now);
        }
        self.heavy = 0;
        if lost > LIGHT {
            self.calm_since = None;
            return false;
        }
        let calm_since = *self.calm_since.get_or_insert(now);
        // A limit that nobody touches says nothing about the line.
        let touched = self.limit < VIDEO_SLOTS && pictures >= self.limit;
        if !touched || now < calm_since + self.calm {
            return false;
        }
        self.limit += 1;
        self.grew_at = Some(now);
        self.calm_since = None;
        true
    }

    fn shrink(&mut self, pictures: usize, now: Instant) -> bool {
        self.heavy = 0;
        let in_vain = self.grew_at.take().is_some_and(|grew| now < grew + CALM);
        self.calm = if in_vain { (self.calm * 2).min(CALM_AT_MOST) } else { CALM };
        let limit = (pictures / 2).max(1);
        let less = limit < self.limit;
        self.limit = self.limit.min(limit);
        less
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports `lost` once a second for `seconds`; the limit after each change.
    fn live(line: &mut Downlink, lost: f32, from: &mut Instant, seconds: u64) -> Vec<usize> {
        let mut limits = Vec::new();
        for _ in 0..seconds {
            *from += Duration::from_secs(1);
            let pictures = line.limit().min(8);
            if line.report(lost, pictures, *from) {
                limits.push(line.limit());
            }
        }
        limits
    }

    #[test]
    fn heavy_loss_halves_the_pictures_and_calm_gives_them_back_one_by_one() {
        let (mut line, mut now) = (Downlink::new(), Instant::now());
        assert!(live(&mut line, 0.09, &mut now, 60).is_empty(), "a bad radio link is no full line");
        assert!(live(&mut line, 0.5, &mut now, 2).is_empty(), "nor is a moment");
        assert!(live(&mut line, 0.0, &mut now, 1).is_empty());
        assert_eq!(live(&mut line, 0.2, &mut now, 9), [4, 2, 1]);
        assert!(live(&mut line, 0.2, &mut now, 30).is_empty(), "the last picture stays");
        assert_eq!(live(&mut line, 0.0, &mut now, 34), [2, 3, 4]);
    }

    #[test]
    fn who_tries_in_vain_tries_less_often() {
        let (mut line, mut now) = (Downlink::new(), Instant::now());
        assert_eq!(live(&mut line, 0.2, &mut now, 3), [4]);
        assert_eq!(live(&mut line, 0.0, &mut now, 11), [5]);
        assert_eq!(live(&mut line, 0.2, &mut now, 3), [2]);
        assert!(live(&mut line, 0.0, &mut now, 20).is_empty());
        assert_eq!(live(&mut line, 0.0, &mut now, 1), [3]);
    }
}
