//! Amounts, times and rows of bins as people read them.

use std::time::Duration;

use jiff::Timestamp;

use super::text::span;

/// Writes octets as `999 B`, `1.2 kB`, `34 MB`.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub(super) fn octets(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            return if unit == "B" || value >= 9.95 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} PB")
}

/// Writes a count with thin groups: `1 234 567`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Returns a moment given in nanoseconds since the start of 1970.
pub(super) fn moment(stamp: i64) -> Timestamp {
    // 64 bits of nanoseconds are the years 1677 to 2262: all of them can be told.
    Timestamp::from_nanosecond(stamp.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Writes a moment to the second: `2024-02-29 03:00:00`.
pub(super) fn to_the_second(stamp: i64) -> String {
    moment(stamp).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Says how far a reading has come: `40 % of 1.2 GB, 3 s left`, or how much was read of a stream.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub fn reading(read: u64, total: Option<u64>, seconds: f64) -> String {
    match total.filter(|&total| total > 0 && read > 0) {
        Some(total) => {
            let share = (read as f64 / total as f64).min(1.0);
            let left = Duration::from_secs_f64((seconds / share - seconds).max(0.0));
            format!(
                "{:.0} % of {}, {} left",
                share * 100.0,
                octets(total),
                span(left)
            )
        }
        None => format!("{} read", octets(read)),
    }
}

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws values as a line of blocks, at most `width` of them; nothing is a blank, the largest is a full block.
pub(super) fn sparkline(values: &[u64], width: usize) -> String {
    let per_block = values.len().div_ceil(width.max(1)).max(1);
    let sums: Vec<u64> = values
        .chunks(per_block)
        .map(|chunk| chunk.iter().sum())
        .collect();
    let largest = sums.iter().copied().max().unwrap_or(0).max(1);
    let block = |sum: &u64| match sum {
        0 => ' ',
        sum => {
            let level = (u128::from(*sum) * 8).div_ceil(u128::from(largest));
            let level = usize::try_from(level - 1).unwrap_or(0);
            LEVELS.get(level).copied().unwrap_or('█')
        }
    };
    sums.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_have_two_digits_and_a_unit() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_240, "1.2 kB"),
            (34_400_000, "34 MB"),
            (999_600, "1.0 MB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(octets(count), text);
        }
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(grouped(123), "123");
    }

    #[test]
    fn a_sparkline_shows_silence_the_smallest_and_the_largest() {
        assert_eq!(sparkline(&[0, 1, 4, 8], 10), " ▁▄█");
        assert_eq!(sparkline(&[1, 1, 0, 0], 2), "█ ");
        assert_eq!(sparkline(&[], 10), "");
    }
}
