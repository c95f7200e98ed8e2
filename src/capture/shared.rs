//! Several threads read one series: the octets at the same time, and where the frames are in them one after the other.

use std::sync::{Condvar, Mutex, MutexGuard};

use super::series::Filled;
use super::{Series, Stretch};

/// A series that several threads read.
pub struct Shared<'a> {
    state: Mutex<State<'a>>,
    turn_has_come: Condvar,
}

struct State<'a> {
    series: &'a mut Series,
    /// How many turns were given away.
    turns: u64,
    /// How many of them are over.
    over: u64,
}

impl<'a> Shared<'a> {
    /// Shares a series.
    #[must_use]
    pub fn new(series: &'a mut Series) -> Shared<'a> {
        Shared {
            state: Mutex::new(State {
                series,
                turns: 0,
                over: 0,
            }),
            turn_has_come: Condvar::new(),
        }
    }

    /// Goes on to the next frames, as many as are read at a time. `note` is called in the order of the frames, and what
    /// it returns is returned; `None` when the files have ended.
    pub fn next<R>(&self, stretch: &mut Stretch, note: impl FnOnce() -> R) -> Option<R> {
        loop {
            // The lock is poisoned only if a thread panicked: then nobody goes on.
            let mut state = self.state.lock().ok()?;
            let turn = state.turns;
            state.turns += 1;
            let piece = state.series.claim();
            drop(state);
            let read_ahead = piece.map(|piece| {
                let read = piece.read(stretch.room());
                (piece, read)
            });
            let state = self.state.lock().ok()?;
            let waited = self
                .turn_has_come
                .wait_while(state, |state| state.over != turn);
            let mut state = waited.ok()?;
            let filled = state.series.fill(stretch, read_ahead);
            if filled == Filled::Nothing {
                self.end_turn(state);
                continue;
            }
            let noted = (filled == Filled::Frames).then(note);
            self.end_turn(state);
            return noted;
        }
    }

    fn end_turn(&self, mut state: MutexGuard<'_, State<'_>>) {
        state.over += 1;
        drop(state);
        self.turn_has_come.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::path::PathBuf;
    use std::thread;

    use super::super::testbed::ORDERS;
    use super::super::{Capture, CaptureError};
    use super::*;

    /// The octets of frames.
    type Frames = Vec<Vec<u8>>;

    /// Reads files frame by frame.
    fn alone(paths: &[PathBuf]) -> Frames {
        let mut frames = Vec::new();
        for path in paths {
            let Ok(mut capture) = Capture::open(path) else {
                continue;
            };
            while let Ok(Some(frame)) = capture.next_frame() {
                frames.push(frame.bytes.to_vec());
            }
        }
        frames
    }

    /// Reads files with several threads.
    fn together(threads: usize, paths: &[PathBuf]) -> (Frames, Vec<CaptureError>) {
        let mut series = Series::new(paths.to_vec());
        let shared = Shared::new(&mut series);
        let stretches = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut stretch = Stretch::default();
                    while shared.next(&mut stretch, || ()).is_some() {
                        let frames: Frames = stretch.frames().map(|f| f.bytes.to_vec()).collect();
                        stretches.lock().unwrap().insert(stretch.before(), frames);
                    }
                });
            }
        });
        let mut frames = Vec::new();
        for (before, more) in stretches.into_inner().unwrap() {
            assert_eq!(usize::try_from(before).unwrap(), frames.len());
            frames.extend(more);
        }
        (frames, series.into_troubles())
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// Frames of all lengths, some larger than what is left free before a piece.
    fn frames(count: u32) -> Vec<(u32, u32, Vec<u8>)> {
        let frame = |number: u32| {
            let length = if number.is_multiple_of(97) {
                150_000
            } else {
                number * 7919 % 1500
            };
            let mut bytes = vec![number.to_le_bytes()[0]; usize::try_from(length).unwrap()];
            bytes.extend(number.to_le_bytes());
            (number, 0, bytes)
        };
        (0..count).map(frame).collect()
    }

    /// Blocks that are larger than a piece, between packets.
    fn pcapng() -> Vec<u8> {
        let order = ORDERS[0];
        let mut bytes = [order.section(), order.interface(1, 6, 0)].concat();
        for (number, _, frame) in frames(2000) {
            bytes.extend(order.packet(0, number.into(), &frame));
            if number.is_multiple_of(500) {
                bytes.extend(order.block(0x0bad, &vec![1; 3 << 20]));
            }
        }
        bytes
    }

    #[test]
    fn together_the_same_is_read_as_alone() {
        let pcap = ORDERS[1].pcap(0xa1b2_c3d4, 1, &frames(5000));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&pcap).unwrap();
        let files = [
            file(&pcap),
            file(&gzip.finish().unwrap()),
            file(&pcapng()),
            file(b"no capture"),
            file(&pcap[..40]),
            file(&pcap),
        ];
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path().to_owned()).collect();
        let expected = alone(&paths);
        assert_eq!(expected.len(), 3 * 5000 + 2000);
        for threads in 1..=4 {
            let (read, troubles) = together(threads, &paths);
            assert!(read == expected, "{threads} threads");
            assert_eq!(troubles.len(), 2, "{troubles:?}");
        }
    }

    #[test]
    fn a_file_that_is_damaged_in_its_middle_is_left_there_by_all() {
        let good = ORDERS[0].pcap(0xa1b2_c3d4, 1, &frames(3000));
        let mut damaged = good.clone();
        let place = damaged.len() / 3;
        let rest = damaged.split_off(place);
        damaged.extend([0xff; 64]);
        damaged.extend(rest);
        let files = [file(&damaged), file(&good)];
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path().to_owned()).collect();
        let expected = alone(&paths);
        assert!((3100..5900).contains(&expected.len()));
        let (read, troubles) = together(3, &paths);
        assert!(read == expected);
        assert!(matches!(troubles[..], [CaptureError::Damaged { .. }]));
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_read_ends_there() {
        let whole = file(&ORDERS[0].pcap(0xa1b2_c3d4, 1, &frames(5000)));
        let mut series = Series::new(vec![whole.path().to_owned()]);
        let shared = Shared::new(&mut series);
        let mut stretch = Stretch::default();
        let mut count = 0;
        while shared.next(&mut stretch, || ()).is_some() {
            count += stretch.frames().len();
            whole.as_file().set_len(1 << 20).unwrap();
        }
        assert!((1..4000).contains(&count), "{count}");
        let troubles = series.into_troubles();
        assert!(
            matches!(troubles[..], [CaptureError::Damaged { .. }]),
            "{troubles:?}"
        );
    }
}
