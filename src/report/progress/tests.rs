use std::sync::{Arc, Mutex};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::clock::Moment;
use crate::port::{IfIndex, Link, PanelPort, PortId, PortSet, PortTable, SwitchPort};
use crate::search::{Belief, Purpose};

/// What was written to stderr, shared with the test.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let paper = self.0.lock();
        paper.map_err(|_| std::io::ErrorKind::Other)?.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn table(labels: impl Iterator<Item = String>) -> PortTable {
    let port = |label: String| SwitchPort {
        id: PortId(0),
        if_name: format!("port{label}"),
        label: PanelPort(label),
        alias: String::new(),
        if_index: Some(IfIndex(1)),
        bridge_port: None,
        link: Link::Up,
    };
    PortTable::new(labels.map(port).collect())
}

fn set(ids: impl IntoIterator<Item = u16>) -> PortSet {
    ids.into_iter().map(PortId).collect()
}

fn at(milliseconds: u64) -> Moment {
    Moment(Duration::from_millis(milliseconds))
}

/// Plays a run in the middle of which port 17 has become likely, and gives every event to `show`.
fn play(ports: &PortTable, mut show: impl FnMut(&Event<'_>)) {
    let last = u16::try_from(ports.len()).unwrap();
    show(&Event::Note(
        "10.0.0.57 is 04:d4:c4:12:34:56 (router gw)".to_owned(),
    ));
    show(&Event::Warning("the PC says \x1b[2J".to_owned()));
    show(&Event::Panel {
        switch: "office-1",
        ports,
        candidates: &set((1..=last - 2).filter(|id| *id != 4)),
        destination: PortId(last),
        uplinks: &set([last - 1]),
    });
    show(&Event::Step {
        number: 1,
        purpose: Purpose::ControlAll,
        ports: &set((1..=last - 2).filter(|id| *id != 4)),
        listen: Duration::from_secs(10),
        why: "everything is mirrored, to see whether the suspect is heard at all",
        at: at(1_000),
    });
    let belief = Belief {
        ports: [(5, 0.02), (16, 0.27), (17, 0.7)]
            .map(|(id, p)| (PortId(id), p))
            .to_vec(),
        elsewhere: 0.01,
    };
    show(&Event::Heard {
        sightings: 3,
        usable: true,
        belief: &belief,
        at: at(1_500),
    });
    show(&Event::Step {
        number: 2,
        purpose: Purpose::Narrow,
        ports: &set([16, 17]),
        listen: Duration::from_millis(2_100),
        why: "2 ports hold 97 % of the belief",
        at: at(3_000),
    });
    show(&Event::Tick {
        at: at(3_700),
        sightings: 0,
        others: 120,
    });
}

fn picture(ports: &PortTable, width: u16, height: u16) -> Option<String> {
    let mut state = State::default();
    play(ports, |event| state.take(event));
    Some(render(&Picture::new(&state, width, height)?))
}

fn render(picture: &Picture<'_>) -> String {
    let size = TestBackend::new(picture.width(), picture.height());
    let mut terminal = Terminal::new(size).unwrap();
    terminal
        .draw(|frame| frame.render_widget(picture, frame.area()))
        .unwrap();
    let shown = terminal.backend().to_string();
    let lines = shown
        .lines()
        .map(|line| line.trim_matches('"').trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_front_panel_looks_like_the_switch() {
    let ports = table((1..=24).map(|n| n.to_string()));
    insta::assert_snapshot!("panel_24", picture(&ports, 100, 40).unwrap());
}

#[test]
fn more_ports_wrap_on_a_narrow_terminal_and_stack_units_are_kept_apart() {
    let ports = table((1..=48).map(|n| n.to_string()));
    insta::assert_snapshot!("panel_48_narrow", picture(&ports, 60, 40).unwrap());
    let stack = (1..=2).flat_map(|unit| (1..=12).map(move |n| format!("{unit}/0/{n}")));
    insta::assert_snapshot!("panel_stack", picture(&table(stack), 80, 40).unwrap());
}

#[test]
fn what_does_not_fit_is_left_out_from_the_top() {
    let ports = table((1..=480).map(|n| n.to_string()));
    insta::assert_snapshot!("panel_small", picture(&ports, 80, 12).unwrap());
    for (width, height) in [(0, 0), (1, 1), (29, 50), (80, 4), (u16::MAX, u16::MAX)] {
        let drawn = picture(
            &table((1..=24).map(|n| n.to_string())),
            width,
            height.min(60),
        );
        assert_eq!(drawn.is_some(), width > 100, "{width}x{height}");
    }
}

#[test]
fn a_long_reason_takes_two_rows() {
    let mut state = State::default();
    play(&table((1..=24).map(|n| n.to_string())), |event| {
        state.take(event);
    });
    let window = state.window.as_mut().unwrap();
    window.why = "a reason that is far longer than a narrow terminal".to_owned();
    let shown = render(&Picture::new(&state, 46, 20).unwrap());
    let rows: Vec<&str> = shown.lines().skip(8).take(2).collect();
    assert_eq!(
        rows,
        [
            "  step   2  a reason that is far longer than",
            "            a narrow terminal"
        ]
    );
}

#[test]
fn without_a_terminal_every_step_is_a_line() {
    let paper = Paper::default();
    let mut progress = Progress::lines(Box::new(paper.clone()));
    let ports = table((1..=24).map(|n| n.to_string()));
    play(&ports, |event| progress.show(event));
    let belief = Belief {
        ports: vec![(PortId(17), 0.2)],
        elsewhere: 0.8,
    };
    progress.show(&Event::Heard {
        sightings: 0,
        usable: false,
        belief: &belief,
        at: at(5_000),
    });
    progress.show(&Event::Restoring { switch: "office-1" });
    progress.show(&Event::Restored { switch: "office-1" });
    drop(progress);
    insta::assert_snapshot!(anstream::adapter::strip_str(&paper.text()), @r"
    10.0.0.57 is 04:d4:c4:12:34:56 (router gw)
    warning: the PC says ?[2J
    office-1: 21 ports to search (1-3, 5-22), copies go to port 24, not searched: uplink 23
    step 1: everything is mirrored, to see whether the suspect is heard at all; mirrored: 1-3, 5-22, for up to 10 s
      heard 3 times; likeliest: port 17 (70 %)
    step 2: 2 ports hold 97 % of the belief; mirrored: 16, 17, for up to 2.1 s
      silent, which does not count: the mirror was not proven alive; likeliest: none of these ports (80 %)
    putting the mirror of office-1 back
    office-1 is as it was
    ");
}

#[test]
fn a_quiet_run_says_nothing() {
    let mut progress = Progress::quiet();
    play(&table((1..=24).map(|n| n.to_string())), |event| {
        progress.show(event)
    });
}

/// A terminal that understands what the screen writes, to see what a person would see.
struct Glass {
    rows: Vec<String>,
    row: usize,
}

impl Glass {
    fn show(bytes: &str) -> Vec<String> {
        let mut glass = Glass {
            rows: vec![String::new()],
            row: 0,
        };
        let mut rest = bytes;
        while let Some(first) = rest.chars().next() {
            rest = if let Some(sequence) = rest.strip_prefix("\x1b[") {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                glass.obey(&sequence[..end], &sequence[end..=end]);
                &sequence[end + 1..]
            } else {
                glass.write(first);
                &rest[first.len_utf8()..]
            };
        }
        glass
            .rows
            .into_iter()
            .map(|row| row.trim_end().to_owned())
            .collect()
    }

    fn obey(&mut self, number: &str, command: &str) {
        match command {
            "A" => self.row -= number.parse::<usize>().unwrap(),
            "J" => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].clear();
            }
            "G" => assert_eq!(number, "1"),
            "m" | "h" | "l" => {}
            other => panic!("unexpected {other}"),
        }
    }

    fn write(&mut self, letter: char) {
        match letter {
            '\r' => {}
            '\n' => {
                self.row += 1;
                if self.row == self.rows.len() {
                    self.rows.push(String::new());
                }
            }
            letter => self.rows[self.row].push(letter),
        }
    }
}

fn drawn(paper: &Paper, color: bool, size: (u16, u16)) -> Progress {
    Progress::with(View::Drawn(Screen::new(
        Box::new(paper.clone()),
        Box::new(move || size),
        color,
    )))
}

#[test]
fn the_picture_stays_in_its_place_and_goes_away_at_the_end() {
    let ports = table((1..=24).map(|n| n.to_string()));
    for color in [true, false] {
        let paper = Paper::default();
        let mut progress = drawn(&paper, color, (80, 30));
        play(&ports, |event| progress.show(event));
        let seen = Glass::show(&paper.text());
        assert_eq!(
            seen[..3],
            [
                "10.0.0.57 is 04:d4:c4:12:34:56 (router gw)",
                "warning: the PC says ?[2J",
                " office-1"
            ]
        );
        let time = seen
            .iter()
            .filter(|row| row.trim_start().starts_with("time"))
            .count();
        assert_eq!(time, 1);
        assert_eq!(
            paper.text().contains("\x1b[1m") || paper.text().contains(";1m"),
            color
        );
        drop(progress);
        let left = Glass::show(&paper.text());
        assert_eq!(left, [seen[0].as_str(), seen[1].as_str(), ""]);
        assert!(!paper.text().contains("\x1b[?25l"), "the cursor was hidden");
    }
}

#[test]
fn a_tiny_terminal_gets_lines() {
    let paper = Paper::default();
    let mut progress = drawn(&paper, false, (20, 3));
    play(&table((1..=24).map(|n| n.to_string())), |event| {
        progress.show(event)
    });
    drop(progress);
    assert!(
        paper
            .text()
            .contains("step 2: 2 ports hold 97 % of the belief")
    );
    assert!(!paper.text().contains('\x1b'));
}
