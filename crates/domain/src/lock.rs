//! When a page that nobody touches locks (ID6).

/// After how many idle minutes a page locks, as a tenant chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRules {
    /// On a phone, or where nobody said what it is.
    pub phone_minutes: u32,
    /// On a desk.
    pub desk_minutes: u32,
}

impl Default for LockRules {
    /// 5 minutes on a phone, 15 on a desk (S0).
    fn default() -> Self {
        Self { phone_minutes: 5, desk_minutes: 15 }
    }
}

/// A number of minutes outside [`LockRules::LEAST`] to [`LockRules::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page locks after {} to {} minutes, not {minutes}", LockRules::LEAST, LockRules::MOST)]
pub struct BadLock {
    /// As asked.
    pub minutes: u32,
}

impl LockRules {
    /// Minutes at least: use is written down once a minute, and who is at work must not be locked out.
    pub const LEAST: u32 = 2;
    /// Minutes at most: a day, which is never reached before the idle limit of the installation.
    pub const MOST: u32 = 1_440;

    /// These rules, within their bounds.
    ///
    /// # Errors
    /// [`BadLock`].
    pub fn new(phone_minutes: u32, desk_minutes: u32) -> Result<Self, BadLock> {
        Ok(Self { phone_minutes: Self::bounded(phone_minutes)?, desk_minutes: Self::bounded(desk_minutes)? })
    }

    /// This number of minutes, within its bounds.
    ///
    /// # Errors
    /// [`BadLock`].
    pub fn bounded(minutes: u32) -> Result<u32, BadLock> {
        if (Self::LEAST..=Self::MOST).contains(&minutes) { Ok(minutes) } else { Err(BadLock { minutes }) }
    }

    /// Minutes for a page: the tenant's for the kind of screen, or the strictest of the labels that are open on
    /// it when that is less.
    pub fn minutes(self, desk: bool, labels: Option<u32>) -> u32 {
        // Who says « desk » on a phone does not get more than a desk; who says nothing gets the stricter.
        let own = if desk { self.desk_minutes } else { self.phone_minutes.min(self.desk_minutes) };
        labels.map_or(own, |labels| labels.min(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_of_what_is_open_counts() {
        let rules = LockRules::default();
        assert_eq!((rules.minutes(false, None), rules.minutes(true, None)), (5, 15));
        assert_eq!((rules.minutes(true, Some(2)), rules.minutes(true, Some(60))), (2, 15));
        let odd = LockRules::new(30, 10).unwrap();
        assert_eq!(odd.minutes(false, None), 10, "in doubt the stricter");
        assert_eq!(LockRules::new(1, 15), Err(BadLock { minutes: 1 }));
        assert!(LockRules::new(5, LockRules::MOST + 1).is_err());
    }
}
