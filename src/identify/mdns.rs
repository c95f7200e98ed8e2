//! What a machine calls itself by multicast DNS: a direct question to it, as RFC 6762 §5.5 has it, whose answer comes to us
//! alone (§6.7). Computers, printers, phones and televisions answer that have no NetBIOS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::text;
use crate::clock::{Clock, Moment};
use crate::wire::dns;

/// The port that responders listen on (RFC 6762 §5).
pub(super) const PORT: u16 = 5353;
/// The longest answer that is read (RFC 6762 §17), in octets.
const MAX_ANSWER: usize = 9000;

/// A question under way.
pub(super) struct Question {
    socket: UdpSocket,
    transaction: u16,
}

/// Asks a machine for its name. It may lie: it is asked, not its neighbours.
pub(super) fn ask(address: SocketAddr) -> io::Result<Question> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    let transaction = fastrand::u16(1..);
    socket.send(&dns::build_reverse_question(transaction, address.ip()))?;
    Ok(Question {
        socket,
        transaction,
    })
}

impl Question {
    /// Returns the name, if it has come or comes in time.
    pub(super) fn answer_until(self, until: Moment, clock: &impl Clock) -> Option<String> {
        let mut buffer = vec![0; MAX_ANSWER];
        loop {
            // What has come already is read even when there is no time left.
            let left = until.since(clock.now()).max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left)).ok()?;
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            let answer = buffer.get(..length).unwrap_or_default();
            if let Some(name) = dns::parse_pointer(answer, self.transaction) {
                return (!name.is_empty()).then(|| text::of_dns(&name));
            }
            if until.since(clock.now()).is_zero() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::clock::LiveClock;

    /// A machine that answers each question with what `answer` makes of it.
    fn machine(answer: impl Fn(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, asker) = socket.recv_from(&mut buffer).unwrap();
            for answer in answer(buffer[..length].to_vec()) {
                socket.send_to(&answer, asker).unwrap();
            }
        });
        address
    }

    fn named(mut question: Vec<u8>) -> Vec<u8> {
        question[2] = 0x84;
        question[7] = 1;
        question
            .extend(b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x0a\x00\x0d\x05a\x1bb-9\x05local\x00");
        question
    }

    fn asked(address: SocketAddr, limit: Duration) -> Option<String> {
        let clock = LiveClock::start();
        let until = clock.now() + limit;
        ask(address).unwrap().answer_until(until, &clock)
    }

    #[test]
    fn a_machine_tells_its_name_and_other_answers_are_passed_over() {
        let honest = machine(|question| {
            let mut stale = named(question.clone());
            stale[1] ^= 1;
            vec![b"nonsense".to_vec(), stale, named(question)]
        });
        let name = asked(honest, Duration::from_secs(10));
        assert_eq!(name.as_deref(), Some("a\\x1bb-9.local"), "safe to print");
    }

    #[test]
    fn a_machine_that_does_not_answer_or_has_no_such_service_is_not_waited_for() {
        let silent = machine(|_| Vec::new());
        assert_eq!(asked(silent, Duration::from_millis(50)), None);
        let closed = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(asked(closed, Duration::from_millis(50)), None);
    }

    /// Avahi's daemon, on the other end of a cable that only this test sees.
    #[test]
    #[cfg(target_os = "linux")]
    #[ignore = "needs root, iproute2 and avahi-daemon"]
    fn avahi_is_asked_for_its_name() {
        use std::process::Command;

        let run = |command: &str| {
            let mut words = command.split(' ');
            let status = Command::new(words.next().unwrap()).args(words).status();
            assert!(status.unwrap().success(), "{command}");
        };
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("avahi.conf");
        let settings = "[server]\nhost-name=reception-printer\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces=far\n";
        std::fs::write(&config, settings).unwrap();
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        let script = "until ip link set far up 2>/dev/null; do sleep 0.05; done; \
                      ip addr add 10.99.0.57/24 broadcast 10.99.0.255 dev far; \
                      exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f \"$0\"";
        let mut daemon = Command::new("unshare")
            .args(["--net", "sh", "-c", script])
            .arg(&config)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let clock = LiveClock::start();
        let until = clock.now() + Duration::from_secs(20);
        // Until it has left this namespace the cable would end here.
        let namespace =
            |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net")).unwrap();
        let process = daemon.id().to_string();
        while namespace(&process) == namespace("thread-self") && clock.now() < until {
            thread::sleep(Duration::from_millis(10));
        }
        run(&format!(
            "ip link add near type veth peer name far netns {process}"
        ));
        run("ip addr add 10.99.0.1/24 broadcast 10.99.0.255 dev near");
        run("ip link set near up");
        let address = SocketAddr::from(([10, 99, 0, 57], PORT));
        let name = loop {
            let soon = clock.now() + Duration::from_millis(500);
            let name = ask(address)
                .ok()
                .and_then(|question| question.answer_until(soon, &clock));
            if name.is_some() || clock.now() >= until {
                break name;
            }
            thread::sleep(Duration::from_millis(100));
        };
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        assert_eq!(name.as_deref(), Some("reception-printer.local"));
    }
}
