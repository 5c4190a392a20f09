//! What a body declares before it may use a protective mark, and until when.

use crate::{Micros, Wording};
use std::fmt;
use std::str::FromStr;

/// The decision that lets a body use a protective mark: a homologation, a certificate of a host of
/// health data. Closed again by itself once its last day is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accreditation {
    /// Its number or name, as the decision says it.
    pub reference: Wording,
    /// Who decided.
    pub authority: Wording,
    /// The last day on which it holds.
    pub until: Day,
}

impl Accreditation {
    /// Whether it still holds at this moment.
    pub fn in_force(&self, now: Micros) -> bool {
        now < self.until.end()
    }
}

impl fmt::Display for Accreditation {
    /// For the audit log: everything that was declared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, until {}", self.reference, self.authority, self.until)
    }
}

const DAY_US: Micros = 86_400_000_000;

/// A day of the calendar (UTC), `2027-03-31`, of the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

/// Why a text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD, such as 2027-03-31, and must exist")]
pub struct BadDay;

impl Day {
    /// The day of a moment.
    pub fn of(moment: Micros) -> Self {
        Self(moment.div_euclid(DAY_US))
    }
    /// The first moment after it.
    pub fn end(self) -> Micros {
        (self.0 + 1) * DAY_US
    }
    /// Days since 1 January 1970, to the civil calendar (Hinnant, "chrono-compatible date algorithms").
    fn civil(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
    fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        let shape =
            |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 10 || !text.bytes().enumerate().all(shape) {
            return Err(BadDay);
        }
        let number = |part: &str| part.parse::<i64>().map_err(|_| BadDay);
        let day = Self::from_civil(number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
        // 31 April becomes 1 May on the way: what does not come back as it went is no day.
        if day.0 >= 0 && day.to_string() == text { Ok(day) } else { Err(BadDay) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written_and_nothing_else_is_one() {
        for day in ["1970-01-01", "2000-02-29", "2026-12-31", "2028-02-29", "2100-02-28", "9999-12-31"] {
            assert_eq!(day.parse::<Day>().unwrap().to_string(), day);
        }
        for no in [
            "",
            "2027-3-1",
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-13-01",
            "1969-12-31",
            "20270331aa",
            "２027-03-3",
        ] {
            assert_eq!(no.parse::<Day>(), Err(BadDay), "{no}");
        }
        let mut day = Day(0);
        while day.0 < 60_000 {
            assert_eq!(day.to_string().parse(), Ok(day));
            day.0 += 1;
        }
    }

    #[test]
    fn an_accreditation_holds_to_the_last_moment_of_its_last_day() {
        let until: Day = "2027-03-31".parse().unwrap();
        let one =
            Accreditation { reference: "H-12".parse().unwrap(), authority: "ANSSI".parse().unwrap(), until };
        assert!(one.in_force(until.end() - 1) && !one.in_force(until.end()));
        assert_eq!(Day::of(until.end() - 1), until);
        assert_eq!(one.to_string(), "H-12, ANSSI, until 2027-03-31");
    }
}
