//! Reverse DNS through the system's resolver, which knows no time limit.

use std::net::IpAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::text;

/// The longest name of DNS, in octets (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;

/// A question under way.
pub(super) struct Question(mpsc::Receiver<Option<String>>);

/// Begins to ask for the name of an address; `None` where the name would say nothing about a machine.
pub(super) fn ask(ip: IpAddr) -> Option<Question> {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() {
        return None;
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let resolver = thread::Builder::new().name("reverse DNS".to_owned());
    // A resolver that hangs keeps its thread until it gives up or the program ends.
    let started = resolver.spawn(move || {
        let name = dns_lookup::lookup_addr(&ip).ok();
        // Nobody may be waiting any more.
        let _late = sender.send(name.as_deref().and_then(checked));
    });
    started.is_ok().then_some(Question(receiver))
}

impl Question {
    /// Returns the name, if it comes in time.
    pub(super) fn answer_within(self, limit: Duration) -> Option<String> {
        self.0.recv_timeout(limit).ok().flatten()
    }
}

fn checked(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    (!name.is_empty() && name.len() <= MAX_NAME).then(|| text::of_dns(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_bounded_and_safe() {
        assert_eq!(checked("pc.example."), Some("pc.example".to_owned()));
        assert_eq!(checked("pc\u{7}"), Some("pc\\x07".to_owned()));
        assert_eq!(checked("."), None);
        assert_eq!(checked(&"a".repeat(256)), None);
    }

    #[test]
    fn an_address_that_means_every_machine_is_not_asked_for() {
        for ip in ["127.0.0.1", "127.7.7.7", "::1", "0.0.0.0", "ff02::1"] {
            assert!(ask(ip.parse().unwrap()).is_none(), "{ip}");
        }
    }

    #[test]
    fn an_answer_that_does_not_come_is_not_waited_for() {
        let (_sender, receiver) = mpsc::sync_channel(1);
        assert_eq!(Question(receiver).answer_within(Duration::ZERO), None);
    }
}
