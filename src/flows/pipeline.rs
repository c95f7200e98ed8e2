//! All cores: each reads and decodes in turn, and whoever has done so keeps the books, if nobody else does.
//!
//! ```text
//!         ┌─ stretch 7 ─> core 1 ─> parcel 7 ─┐
//! files ──┤                                   ├──> books, in the order of the files
//!         └─ stretch 8 ─> core 2 ─> parcel 8 ─┘
//! ```
//!
//! So the load is even, whatever weighs more: reading, decoding or the books.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Mutex, TryLockError};
use std::thread;

use foldhash::fast::RandomState;

use super::intake::Intake;
use super::ledger::Ledger;
use super::parcel::Parcel;
use super::{Census, Settings};
use crate::capture::{Frame, Series, Shared, Stretch};

/// More cores would wait for each other: the books are kept by one at a time.
const MAX_CORES: usize = 4;
/// So many parcels may wait for an earlier one.
const MAX_WAITING: usize = 16;
/// So many empty parcels are kept by a core for later.
const MAX_SPARE: usize = 4;

/// Counts the frames of files that `keep` wants, until they end or `stop` is set.
///
/// Every core has a `keep` of its own.
pub fn count(
    series: &mut Series,
    keep: impl FnMut(&Frame<'_>) -> bool + Clone + Send,
    settings: Settings,
    stop: &AtomicBool,
) -> Census {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    count_with(cores.min(MAX_CORES), series, keep, settings, stop)
}

fn count_with(
    cores: usize,
    series: &mut Series,
    keep: impl FnMut(&Frame<'_>) -> bool + Clone + Send,
    settings: Settings,
    stop: &AtomicBool,
) -> Census {
    let seed = RandomState::default();
    let (announce, announced) = channel();
    let office = Office {
        source: Shared::new(series),
        announce,
        books: Mutex::new(Books {
            ledger: Ledger::new(settings, &seed),
            announced,
            next: None,
        }),
        waiting: AtomicUsize::new(0),
        stop,
    };
    let intake = thread::scope(|scope| {
        let mut helpers = Vec::new();
        for _ in 1..cores {
            let (office, keep) = (&office, keep.clone());
            let intake = Intake::new(settings, &seed);
            helpers.push(scope.spawn(move || office.work(intake, keep)));
        }
        let mut intake = office.work(Intake::new(settings, &seed), keep);
        for helper in helpers {
            match helper.join() {
                Ok(other) => intake.merge(other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        intake
    });
    // Of the last parcels some may have come when somebody else was just about to put the books away.
    office.keep_books(Patience::UntilDone, &mut Vec::new());
    let Ok(books) = office.books.into_inner() else {
        unreachable!("who panicked with the books was joined, and it went on");
    };
    Census::new(intake, books.ledger)
}

/// What the cores share.
struct Office<'a> {
    source: Shared<'a>,
    /// Parcels are announced in the order of their frames, before they are made.
    announce: Sender<Receiver<Parcel>>,
    books: Mutex<Books>,
    /// How many parcels were announced and are not in the books.
    waiting: AtomicUsize,
    stop: &'a AtomicBool,
}

struct Books {
    ledger: Ledger,
    announced: Receiver<Receiver<Parcel>>,
    /// The parcel whose turn it is.
    next: Option<Receiver<Parcel>>,
}

/// How long to wait for a parcel that is announced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Not at all.
    None,
    /// Until the next has come.
    ForOne,
    /// Until all have come.
    UntilDone,
}

impl Office<'_> {
    /// Reads, decodes and keeps the books until the files have ended.
    fn work(&self, mut intake: Intake, mut keep: impl FnMut(&Frame<'_>) -> bool) -> Intake {
        let mut stretch = Stretch::default();
        let mut spare: Vec<Parcel> = Vec::new();
        while let Some(deliver) = self.read(&mut stretch) {
            let mut parcel = spare.pop().unwrap_or_default();
            parcel.expect(stretch.frames().len());
            intake.begin_behind(stretch.before());
            for frame in stretch.frames() {
                if keep(&frame) {
                    intake.take(&frame, &mut parcel);
                } else {
                    intake.pass();
                }
            }
            // Fails only if somebody panicked over the books, which is then told by `join`.
            deliver.send(parcel).ok();
            let is_behind = self.waiting.load(Ordering::Relaxed) > MAX_WAITING;
            let patience = if is_behind {
                Patience::ForOne
            } else {
                Patience::None
            };
            self.keep_books(patience, &mut spare);
        }
        intake
    }

    /// Reads the next frames; returns where to deliver what is made of them.
    fn read(&self, stretch: &mut Stretch) -> Option<SyncSender<Parcel>> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let (deliver, delivered) = sync_channel(1);
        let announced = self.source.next(stretch, || {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            self.announce.send(delivered)
        })?;
        // Fails only if somebody panicked over the books.
        announced.ok()?;
        Some(deliver)
    }

    /// Enters what has come; emptied parcels become spare ones. Without patience nothing is done if somebody else is
    /// at it.
    fn keep_books(&self, patience: Patience, spare: &mut Vec<Parcel>) {
        let books = match patience {
            Patience::None => self.books.try_lock(),
            Patience::ForOne | Patience::UntilDone => self.books.lock().map_err(TryLockError::from),
        };
        let Ok(mut books) = books else {
            return;
        };
        let mut may_wait = patience != Patience::None;
        while let Some(mut parcel) = books.next_parcel(may_wait) {
            books.ledger.enter(&mut parcel);
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if spare.len() < MAX_SPARE {
                spare.push(parcel);
            }
            may_wait = patience == Patience::UntilDone;
        }
    }
}

impl Books {
    /// Returns the parcel whose turn it is, if it has come.
    fn next_parcel(&mut self, may_wait: bool) -> Option<Parcel> {
        let next = match self.next.take() {
            Some(next) => next,
            None => self.announced.try_recv().ok()?,
        };
        if may_wait {
            return next.recv().ok();
        }
        match next.try_recv() {
            Ok(parcel) => Some(parcel),
            Err(TryRecvError::Empty) => {
                self.next = Some(next);
                None
            }
            // Whoever was at it panicked.
            Err(TryRecvError::Disconnected) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::SocketAddrV4;

    use super::*;
    use crate::capture::testbed::ORDERS;
    use crate::mac::Mac;
    use crate::wire::ethernet::{EtherType, Tag, build};
    use crate::wire::ip::{self, Protocol};
    use crate::wire::udp;

    /// Some megabytes of frames between a few hundred hosts, some of them tagged, some no IP at all.
    fn capture() -> tempfile::NamedTempFile {
        let frame = |number: u32| {
            let roll = number.wrapping_mul(2_654_435_761) >> 8;
            let mac = |bits: u32| Mac([2, 0, 0, 0, 0, bits.to_le_bytes()[0] % 40]);
            let end = |bits: u32| {
                let [a, b, ..] = bits.to_le_bytes();
                SocketAddrV4::new([10, 0, a % 3, b].into(), 1000 + u16::from(a))
            };
            let payload = vec![7; usize::try_from(roll % 900).unwrap()];
            let (source, destination) = (end(roll), end(roll >> 4));
            let datagram = udp::build_v4(source, destination, &payload);
            let packet = ip::build_v4(*source.ip(), *destination.ip(), Protocol::UDP, &datagram);
            let tag = Tag {
                tpid: 0x8100,
                tci: u16::from(number.to_le_bytes()[0] % 3),
            };
            let kind = if number.is_multiple_of(50) {
                0x88cc
            } else {
                0x0800
            };
            let tags = &[tag][..usize::from(roll.is_multiple_of(4))];
            let bytes = build(mac(roll), mac(roll >> 9), tags, EtherType(kind), &packet);
            (number / 100, number % 100, bytes)
        };
        let frames: Vec<_> = (0..12_000).map(frame).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&ORDERS[0].pcap(0xa1b2_c3d4, 1, &frames))
            .unwrap();
        file
    }

    fn counted(cores: usize, file: &tempfile::NamedTempFile) -> Census {
        let mut series = Series::new(vec![file.path().to_owned(); 2]);
        let keep = |frame: &Frame<'_>| !frame.bytes.len().is_multiple_of(7);
        let settings = Settings {
            bin: Some(1_000_000_000),
            rhythms: true,
            ..Settings::default()
        };
        count_with(cores, &mut series, keep, settings, &AtomicBool::new(false))
    }

    #[test]
    fn as_many_cores_as_there_are_count_the_same() {
        let file = capture();
        let alone = counted(1, &file);
        assert!(alone.total.packets > 15_000 && alone.flow_count() > 1000);
        for cores in [2, 3, 4] {
            let together = counted(cores, &file);
            let of = |census: &Census| {
                let all = usize::MAX;
                let by = |traffic: &crate::flows::Traffic| traffic.both().bytes;
                (
                    (census.total, census.span, census.skipped.clone()),
                    census.vlans.clone(),
                    (census.hosts(by, all), census.macs(by, all)),
                    census.conversations().collect::<Vec<_>>(),
                    census.bins(&census.hosts(by, 50).iter().map(|host| host.ip).collect()),
                )
            };
            assert_eq!(of(&alone), of(&together), "{cores} cores");
        }
    }

    #[test]
    fn what_is_stopped_is_counted_as_far_as_it_came() {
        let file = capture();
        let mut series = Series::new(vec![file.path().to_owned()]);
        let census = count_with(
            2,
            &mut series,
            |_: &Frame<'_>| true,
            Settings::default(),
            &AtomicBool::new(true),
        );
        assert_eq!(census.total.packets, 0);
    }
}
