//! What a machine calls itself by multicast DNS, and which types of service it announces: direct questions to it, as
//! RFC 6762 §5.5 has it, whose answers come to us alone (§6.7). Computers, printers, phones and televisions answer that have
//! no NetBIOS.

use std::collections::BTreeSet;
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
/// Datagrams that are looked at; an honest machine sends one for each question.
const MAX_DATAGRAMS: usize = 64;
/// The longest name, in octets (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;
/// The longest name of a service type, in octets (RFC 6763 §7).
const MAX_SERVICE: usize = 15;

/// What a machine has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Its name. Safe to print.
    pub(super) name: Option<String>,
    /// The types of service that it announces, as `_ipp._tcp`. Safe to print.
    pub(super) services: BTreeSet<String>,
}

/// Questions under way.
pub(super) struct Question {
    socket: UdpSocket,
    name: u16,
    services: u16,
}

/// Asks a machine for its name and its services. It may lie: it is asked, not its neighbours.
///
/// Two questions, as not every responder takes two of one datagram.
pub(super) fn ask(address: SocketAddr) -> io::Result<Question> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    let name = fastrand::u16(2..);
    socket.send(&dns::build_reverse_question(name, address.ip()))?;
    let services = name ^ 1;
    // It fails where the machine has refused the first one already, and then nothing is lost.
    let _refused = socket.send(&dns::build_services_question(services));
    Ok(Question {
        socket,
        name,
        services,
    })
}

impl Question {
    /// Returns what has come, or comes in time.
    pub(super) fn answer_until(self, until: Moment, clock: &impl Clock) -> Told {
        let mut buffer = vec![0; MAX_ANSWER];
        let (mut name, mut services) = (None, None);
        for _ in 0..MAX_DATAGRAMS {
            // What has come already is read even when there is no time left.
            let left = until.since(clock.now()).max(Duration::from_millis(1));
            let received = self.socket.set_read_timeout(Some(left));
            let length = match received.and_then(|()| self.socket.recv(&mut buffer)) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let answer = buffer.get(..length).unwrap_or_default();
            name = name.or_else(|| dns::parse_pointers(answer, self.name));
            services = services.or_else(|| dns::parse_pointers(answer, self.services));
            if name.is_some() && services.is_some() {
                break;
            }
        }
        let mut names = name.into_iter().flatten();
        let services = services.into_iter().flatten();
        Told {
            name: names
                .find(|name| (1..=MAX_NAME).contains(&name.len()))
                .map(|name| text::of_dns(&name)),
            services: services.filter_map(|name| service(&name)).collect(),
        }
    }
}

/// Reads the name of a service type: `_ipp._tcp` of `_ipp._tcp.local`. `None` for anything else.
fn service(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let (service, transport) = name.strip_suffix(".local")?.split_once('.')?;
    let word = service.strip_prefix('_')?;
    let is_word = (1..=MAX_SERVICE).contains(&word.len())
        && word
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let known = ["_tcp", "_udp"].contains(&transport);
    (is_word && known).then(|| format!("{service}.{transport}"))
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
            for _ in 0..2 {
                let (length, asker) = socket.recv_from(&mut buffer).unwrap();
                for answer in answer(buffer[..length].to_vec()) {
                    socket.send_to(&answer, asker).ok();
                }
            }
        });
        address
    }

    fn asks_for_services(question: &[u8]) -> bool {
        question.windows(9).any(|letters| letters == b"_services")
    }

    /// The answer to a question: pointers to `names`, each as DNS writes it.
    fn pointing(mut question: Vec<u8>, names: &[&[u8]]) -> Vec<u8> {
        question[2] = 0x84;
        question[6..8].copy_from_slice(&u16::try_from(names.len()).unwrap().to_be_bytes());
        for name in names {
            question.extend(b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x0a");
            question.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
            question.extend(*name);
        }
        question
    }

    fn named(question: Vec<u8>) -> Vec<u8> {
        if asks_for_services(&question) {
            let services: [&[u8]; 3] = [
                b"\x04_IPP\x04_tcp\x05local\x00",
                b"\x05a\x1bb-9\x05local\x00",
                b"\x05_http\x04_tcp\x05local\x00",
            ];
            pointing(question, &services)
        } else {
            pointing(question, &[b"\x05a\x1bb-9\x05local\x00"])
        }
    }

    fn told(services: &[&str]) -> Told {
        Told {
            name: Some("a\\x1bb-9.local".to_owned()),
            services: services.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    fn asked(address: SocketAddr, limit: Duration) -> Told {
        let clock = LiveClock::start();
        let until = clock.now() + limit;
        ask(address).unwrap().answer_until(until, &clock)
    }

    #[test]
    fn a_machine_tells_its_name_and_services_and_other_answers_are_passed_over() {
        let honest = machine(|question| {
            let mut stale = named(question.clone());
            stale[0] ^= 1;
            vec![b"nonsense".to_vec(), stale, named(question)]
        });
        let answer = asked(honest, Duration::from_secs(10));
        assert_eq!(answer, told(&["_http._tcp", "_ipp._tcp"]), "safe to print");
    }

    #[test]
    fn a_machine_that_does_not_know_the_other_question_is_not_waited_for_without_end() {
        let simple = machine(|question| {
            let known = !asks_for_services(&question);
            known.then(|| named(question)).into_iter().collect()
        });
        assert_eq!(asked(simple, Duration::from_millis(200)), told(&[]));
    }

    #[test]
    fn only_types_of_service_count_as_services() {
        assert_eq!(service("_ipp._tcp.local").as_deref(), Some("_ipp._tcp"));
        assert_eq!(service("_Sip._UDP.local").as_deref(), Some("_sip._udp"));
        for other in [
            "_ipp._tcp",
            "_ipp._tcp.example",
            "ipp._tcp.local",
            "_._tcp.local",
            "_ipp._sctp.local",
            "laser._ipp._tcp.local",
            "_a\u{1b}[2J._tcp.local",
            "_sixteen-letters-._tcp.local",
        ] {
            assert_eq!(service(other), None, "{other}");
        }
    }

    #[test]
    fn a_machine_that_sends_a_thousand_services_or_datagrams_is_read_to_a_bound() {
        let words = (0..1000).map(|n| format!("\x05_s{n:03}\x04_tcp\x05local\0").into_bytes());
        let words: Vec<Vec<u8>> = words.collect();
        let generous = machine(move |question| {
            let names: Vec<&[u8]> = words.iter().take(300).map(Vec::as_slice).collect();
            vec![pointing(question, &names)]
        });
        let answer = asked(generous, Duration::from_secs(10));
        assert_eq!(answer.services.len(), 64);

        let endless = machine(|question| {
            let name = [&b"\x3f"[..], &[b'a'; 63]].concat().repeat(60);
            let name = [&name[..], b"\x05local\x00"].concat();
            vec![pointing(question, &[&name])]
        });
        assert_eq!(asked(endless, Duration::from_secs(10)), Told::default());

        let flood = machine(|_| vec![vec![0; 100]; 1000]);
        assert_eq!(asked(flood, Duration::from_secs(10)), Told::default());
    }

    #[test]
    fn a_machine_that_does_not_answer_or_has_no_such_service_is_not_waited_for() {
        let silent = machine(|_| Vec::new());
        assert_eq!(asked(silent, Duration::from_millis(50)), Told::default());
        let closed = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(asked(closed, Duration::from_millis(50)), Told::default());
    }

    /// Avahi's daemon, on the other end of a cable that only this test sees.
    #[test]
    #[cfg(target_os = "linux")]
    #[ignore = "needs root, iproute2 and avahi-daemon"]
    fn avahi_is_asked_for_its_name_and_services() {
        use std::process::Command;

        use super::super::kind::{self, Kind};

        let run = |command: &str| {
            let mut words = command.split(' ');
            let status = Command::new(words.next().unwrap()).args(words).status();
            assert!(status.unwrap().success(), "{command}");
        };
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("avahi.conf");
        let settings = "[server]\nhost-name=reception-printer\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces=far\n";
        std::fs::write(&config, settings).unwrap();
        let service = "<service-group><name>laser</name>\
                       <service><type>_ipp._tcp</type><port>631</port></service></service-group>";
        let services = folder.path().join("services");
        std::fs::create_dir(&services).unwrap();
        std::fs::write(services.join("laser.service"), service).unwrap();
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        // Where Avahi looks for services is built into it.
        let script = "mount --bind \"$1\" /etc/avahi/services; \
                      until ip link set far up 2>/dev/null; do sleep 0.05; done; \
                      ip addr add 10.99.0.57/24 broadcast 10.99.0.255 dev far; \
                      exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f \"$0\"";
        let mut daemon = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", script])
            .args([&config, &services])
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
        let told = loop {
            let soon = clock.now() + Duration::from_millis(500);
            let told = ask(address).map(|question| question.answer_until(soon, &clock));
            let told = told.unwrap_or_default();
            // It takes up its services later than its name.
            let all = told.name.is_some() && !told.services.is_empty();
            if all || clock.now() >= until {
                break told;
            }
            thread::sleep(Duration::from_millis(100));
        };
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        assert_eq!(told.name.as_deref(), Some("reception-printer.local"));
        let guess = kind::guess(None, None, &told.services).unwrap();
        assert_eq!(guess.name, Kind::Printer);
        assert_eq!(guess.because, "it announces _ipp._tcp");
    }
}
