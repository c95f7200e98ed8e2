//! How soon a frame on the wire is a sighting.
//!
//! `unshare -n sh -c 'ip link add hs0 type veth peer name hs1; ip link set hs0 up; ip link set hs1 up; listen-bench hs0 hs1'` sends
//! 2,000 frames by the one interface, on average 5 ms apart, and hears them on the other by the capture that `locate`
//! uses. Needs root and libpcap. What is printed is from before the frame is handed to the kernel until it is delivered.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use halfspan::clock::{Clock, LiveClock};
use halfspan::mac::Mac;
use halfspan::sniff::{self, Injector, Own, Source, Suspect};
use halfspan::wire::ethernet::{self, EtherType};

const FRAMES: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(5);
/// Nobody's: a locally administered address.
const SUSPECT: Mac = Mac([0x02, 0, 0, 0, 0x0a, 0x57]);
const SOMEBODY: Mac = Mac([0x02, 0, 0, 0, 0x0a, 0x01]);

fn main() -> Result<(), Box<dyn Error>> {
    let mut names = std::env::args().skip(1);
    let (Some(from), Some(to)) = (names.next(), names.next()) else {
        return Err("give two interfaces that are joined".into());
    };
    let clock = LiveClock::start();
    let source = Source::Interface(to);
    let mut sniffer = sniff::open(
        &source,
        &Suspect::Mac(SUSPECT),
        clock,
        Own::of_this_machine(),
    )?;
    let sent = Arc::new(AtomicU64::new(0));
    let (stop, stopped) = mpsc::channel();
    let sending = Arc::clone(&sent);
    let sender = std::thread::spawn(move || send(&from, clock, &sending, &stop));

    let mut late: Vec<u64> = Vec::with_capacity(FRAMES);
    while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
        sniffer.listen(clock.now() + PAUSE * 20, &mut |_| {
            let now = nanos(clock);
            late.push(now.saturating_sub(sent.load(Ordering::Acquire)));
            ControlFlow::Continue(())
        })?;
    }
    sender.join().map_err(|_| "the sender broke off")??;
    late.sort_unstable();
    let at = |share: usize| {
        let nanos = late
            .get(late.len() * share / 100)
            .copied()
            .unwrap_or_default();
        Duration::from_nanos(nanos)
    };
    println!("{} of {FRAMES} heard", late.len());
    println!("p50 {:?}, p95 {:?}, p99 {:?}", at(50), at(95), at(99));
    Ok(())
}

fn nanos(clock: LiveClock) -> u64 {
    let since = clock.now().since(halfspan::clock::Moment::START);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Sends the frames at odd pauses, each after it has noted when; `stop` falls when the last has had time to arrive.
fn send(
    interface: &str,
    clock: LiveClock,
    sent: &AtomicU64,
    stop: &mpsc::Sender<()>,
) -> Result<(), sniff::SniffError> {
    let mut injector = Injector::open(interface)?;
    let frame = ethernet::build(SOMEBODY, SUSPECT, &[], EtherType(0x88b5), &[0; 46]);
    let mut dice = fastrand::Rng::with_seed(1);
    for _ in 0..FRAMES {
        clock.sleep_until(clock.now() + PAUSE.mul_f64(0.5 + dice.f64()));
        sent.store(nanos(clock), Ordering::Release);
        injector.send(&frame)?;
    }
    clock.sleep_until(clock.now() + PAUSE * 20);
    stop.send(()).ok();
    Ok(())
}
