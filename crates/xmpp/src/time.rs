//! XEP-0082: XMPP Date and Time Profiles, version 1.1.1. Dates and times as RFC 3339 text.

use beffroi_domain::Micros;

const DAY: i64 = 86_400_000_000;

/// `2026-11-23T09:00:00Z`, with as many decimals as there are: none, or six.
pub fn write(at: Micros) -> String {
    let (days, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{fraction}Z")
}

/// Reads `CCYY-MM-DDThh:mm:ss[.sss](Z|±hh:mm)`; `None` when it is anything else.
pub fn read(text: &str) -> Option<Micros> {
    let bytes = text.as_bytes();
    let number = |from: usize, length: usize| -> Option<i64> {
        let digits = bytes.get(from..from + length)?;
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let sign = |at: usize, expected: u8| (bytes.get(at) == Some(&expected)).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    for (at, expected) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        sign(at, expected)?;
    }
    let mut at = 19;
    let mut micros = 0;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        micros = number(at + 1, digits.clamp(1, 6))? * 10_i64.pow(6 - digits.clamp(1, 6) as u32);
        at += 1 + digits;
    }
    let offset = match bytes.get(at)? {
        b'Z' if bytes.len() == at + 1 => 0,
        direction @ (b'+' | b'-') if bytes.len() == at + 6 => {
            sign(at + 3, b':')?;
            let (h, m) = (number(at + 1, 2)?, number(at + 4, 2)?);
            let minutes = (h < 24 && m < 60).then_some(h * 60 + m)?;
            if *direction == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let days = days(year, month, day);
    // A day that does not exist turns into another one; a leap second is the last of its minute.
    if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = (hour * 60 + minute - offset) * 60 + second.min(59);
    Some(days * DAY + seconds * 1_000_000 + micros)
}

/// Days since the epoch of a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way.
fn civil(days: i64) -> (i64, i64, i64) {
    let (era, of_era) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (text, at) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T09:00:00Z", 1_795_424_400_000_000),
            ("2024-02-29T23:59:59.000001Z", 1_709_251_199_000_001),
            ("1969-12-31T23:59:59.500000Z", -500_000),
        ] {
            assert_eq!((write(at).as_str(), read(text)), (text, Some(at)));
        }
        assert_eq!(read("2026-11-23T10:30:00.5+01:30"), Some(1_795_424_400_500_000));
        assert_eq!(read("2016-12-31T23:59:60Z"), read("2016-12-31T23:59:59Z"));
        for bad in [
            "",
            "2026-11-23",
            "2026-02-30T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T09:00:00",
            "2026-11-23T09:00:00.Z",
            "2026-11-23T09:00:00Zé",
            "2026-13-01T00:00:00Z",
            "é026-11-23T09:00:00Z",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
