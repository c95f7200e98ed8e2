//! Numbers and foreign texts as people read them.

use std::borrow::Cow;
use std::time::Duration;

/// Takes control characters out of a text that came from the network or a file: it must not steer the terminal.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, "?"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Writes a probability in per cent. Never rounds up to certainty, nor down to impossibility.
pub(super) fn percent(probability: f64) -> String {
    let hundredths = (probability.clamp(0.0, 1.0) * 10_000.0 + 1e-6).floor();
    if hundredths >= 10_000.0 {
        "over 99.99 %".to_owned()
    } else if hundredths >= 9_900.0 {
        format!("{:.2} %", hundredths / 100.0)
    } else if hundredths >= 100.0 {
        format!("{:.0} %", (hundredths / 100.0).floor())
    } else if probability > 0.0 {
        "under 1 %".to_owned()
    } else {
        "0 %".to_owned()
    }
}

/// Writes a span as `0.4 s`, `42 s` or `3 min 5 s`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 119.5 {
        format!("{seconds:.0} s")
    } else {
        let whole = time.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Writes `1 port`, `2 ports`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_never_looks_more_certain_than_it_is() {
        for (probability, text) in [
            (0.0, "0 %"),
            (0.004, "under 1 %"),
            (0.01, "1 %"),
            (0.52, "52 %"),
            (0.9899, "98 %"),
            (0.99, "99.00 %"),
            (0.9997, "99.97 %"),
            (0.99999, "99.99 %"),
            (1.0, "over 99.99 %"),
        ] {
            assert_eq!(percent(probability), text);
        }
    }

    #[test]
    fn spans_are_as_exact_as_a_person_needs_them() {
        for (milliseconds, text) in [
            (410, "0.4 s"),
            (9_960, "10 s"),
            (119_400, "119 s"),
            (119_900, "1 min 59 s"),
            (185_000, "3 min 5 s"),
        ] {
            assert_eq!(span(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn a_name_from_the_network_cannot_steer_the_terminal() {
        assert_eq!(clean("PC\x1b[2J\n"), "PC?[2J?");
        assert_eq!(clean("Büro"), "Büro");
    }
}
