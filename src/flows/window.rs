//! Times of the day: "03:00-04:00" of each day.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The same stretch of every day, in a time zone. One that ends before it begins goes through midnight.
#[derive(Clone, Debug)]
pub struct Window {
    /// Seconds since midnight.
    begin: u32,
    end: u32,
    zone: TimeZone,
    /// The zone's distance from UTC in seconds, and the quarter of an hour that it was looked up for.
    known: Option<(i64, i64)>,
}

/// The text is not a window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of the day; write it like 03:00-04:00")]
pub struct BadWindow(pub String);

const DAY: i64 = 86_400;
/// Zones change their distance at multiples of this, in seconds.
const QUARTER: i64 = 900;
const NANOSECONDS: i64 = 1_000_000_000;

impl FromStr for Window {
    type Err = BadWindow;

    /// Reads `03:00-04:00` or `22:30:00-06:00`, in UTC.
    fn from_str(text: &str) -> Result<Window, BadWindow> {
        let bad = || BadWindow(text.to_owned());
        let (begin, end) = text.split_once('-').ok_or_else(bad)?;
        Ok(Window {
            begin: time_of_day(begin).ok_or_else(bad)?,
            end: time_of_day(end).ok_or_else(bad)?,
            zone: TimeZone::UTC,
            known: None,
        })
    }
}

/// Reads hours, minutes, and maybe seconds; 24:00 is the end of the day.
fn time_of_day(text: &str) -> Option<u32> {
    let mut parts = text.trim().split(':');
    let mut next = |limit: u32| {
        let part = parts.next()?;
        let plain = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value: u32 = plain.then(|| part.parse().ok())??;
        (value <= limit).then_some(value)
    };
    let seconds = next(24)? * 3600 + next(59)? * 60;
    let seconds = seconds + next(59).unwrap_or(0);
    (parts.next().is_none() && seconds <= 86_400).then_some(seconds)
}

impl Window {
    /// Puts the window into another time zone.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Window {
        self.zone = zone;
        self.known = None;
        self
    }

    /// Returns its begin and end in seconds since midnight.
    #[must_use]
    pub fn times(&self) -> (u32, u32) {
        (self.begin, self.end)
    }

    /// Returns its zone's name at the IANA, if it has one.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// Tells whether a moment is in it, in nanoseconds since the start of 1970.
    pub fn contains(&mut self, stamp: i64) -> bool {
        let seconds = stamp.div_euclid(NANOSECONDS);
        let local = seconds + self.distance(seconds);
        let time = u32::try_from(local.rem_euclid(DAY)).unwrap_or(0);
        if self.begin <= self.end {
            (self.begin..self.end).contains(&time)
        } else {
            time >= self.begin || time < self.end
        }
    }

    /// Returns how many seconds local time is before UTC.
    fn distance(&mut self, seconds: i64) -> i64 {
        let quarter = seconds.div_euclid(QUARTER);
        match self.known {
            Some((distance, of)) if of == quarter => distance,
            _ => {
                let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
                let distance = i64::from(self.zone.to_offset(at).seconds());
                self.known = Some((distance, quarter));
                distance
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let stamp: Timestamp = text.parse().unwrap();
        i64::try_from(stamp.as_nanosecond()).unwrap()
    }

    #[test]
    fn a_window_holds_the_same_hours_of_every_day() {
        let mut window: Window = "03:00-04:00".parse().unwrap();
        for (time, inside) in [
            ("2024-02-29T02:59:59.999999999Z", false),
            ("2024-02-29T03:00:00Z", true),
            ("1969-12-31T03:30:00Z", true),
            ("2025-01-01T04:00:00Z", false),
        ] {
            assert_eq!(window.contains(at(time)), inside, "{time}");
        }
    }

    #[test]
    fn a_window_through_midnight_and_in_a_zone_with_summer_time() {
        let zone = TimeZone::get("Europe/Berlin")
            .unwrap_or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let mut window = "22:30-6:00".parse::<Window>().unwrap().in_zone(zone);
        for (time, inside) in [
            ("2024-01-15T21:29:59Z", false),
            ("2024-01-15T21:30:00Z", true),
            ("2024-07-15T20:30:00Z", true),
            ("2024-07-15T03:59:59Z", true),
            ("2024-07-15T04:00:00Z", false),
        ] {
            assert_eq!(window.contains(at(time)), inside, "{time}");
        }
    }

    #[test]
    fn what_is_no_window_is_said() {
        for text in [
            "",
            "03:00",
            "3-4",
            "03:60-04:00",
            "24:01-1:00",
            "a:b-c:d",
            "1:2:3:4-5:6",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
        assert!("00:00-24:00".parse::<Window>().is_ok());
    }
}
