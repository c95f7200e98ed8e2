//! The front panel with candidates, mirrored ports and belief, and below it what is being done and why.
//!
//! Every port shows a symbol for what it is and a bar for the belief; colour only repeats what they say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::state::{Panel, State, Window};
use crate::port::PortId;
use crate::report::text::{percent, span};
use crate::search::Purpose;

const MIRRORED: &str = "●";
const CANDIDATE: &str = "○";
const DESTINATION: &str = "◆";
const UPLINK: &str = "▲";
const OTHER: &str = "·";
const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A port that is believed in less than this is as good as ruled out and gets no bar.
const RULED_OUT: f64 = 0.001;

/// Narrower than this nothing is drawn.
const MIN_WIDTH: u16 = 30;

/// Wider than this the lines are no easier to read.
const MAX_WIDTH: u16 = 100;

/// The columns that the labels on the left take.
const LABEL: usize = 9;

const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// The picture for a terminal of a given size.
pub(super) struct Picture<'a> {
    lines: Vec<Line<'a>>,
    width: u16,
}

impl<'a> Picture<'a> {
    /// Lays out what fits into `columns` and `rows`; `None` before the switch is known, or if too little fits.
    pub(super) fn new(state: &'a State, columns: u16, rows: u16) -> Option<Self> {
        let panel = state.panel.as_ref()?;
        // The last column stays free, so that no terminal wraps; so does the row below, where the cursor rests.
        let width = columns.checked_sub(1)?.min(MAX_WIDTH);
        let room = usize::from(rows.checked_sub(1)?);
        let work = work(state, width);
        if width < MIN_WIDTH || work.len() > room {
            return None;
        }
        let mut lines = front(panel, state, width);
        lines.push(legend(width));
        if lines.len() + work.len() > room {
            lines.clear();
        }
        lines.extend(work);
        Some(Picture { lines, width })
    }

    pub(super) fn width(&self) -> u16 {
        self.width
    }

    pub(super) fn height(&self) -> u16 {
        u16::try_from(self.lines.len()).unwrap_or(u16::MAX)
    }
}

impl Widget for &Picture<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        for (line, row) in self.lines.iter().zip(area.rows()) {
            line.render(row, buffer);
        }
    }
}

/// The front panel: pairs of ports above each other as on the metal, one block for each unit of a stack.
fn front<'a>(panel: &'a Panel, state: &'a State, width: u16) -> Vec<Line<'a>> {
    let ports: Vec<Face<'a>> = panel
        .ports
        .iter()
        .map(|port| Face::new(port.id, &port.label.0, panel, state))
        .collect();
    let cell = ports.iter().map(|port| port.number.chars().count()).max();
    let cell = cell.unwrap_or(1).max(2) + 1;
    let per_row = (usize::from(width).saturating_sub(3) / cell).max(1);
    let mut lines = vec![Line::styled(format!(" {}", panel.switch), BOLD)];
    for unit in ports.chunk_by(|a, b| a.unit == b.unit) {
        for block in unit.chunks(2 * per_row) {
            let (upper, lower): (Vec<_>, Vec<_>) = block
                .iter()
                .enumerate()
                .partition(|(place, _)| place % 2 == 0);
            let upper: Vec<&Face<'_>> = upper.into_iter().map(|(_, port)| port).collect();
            let lower: Vec<&Face<'_>> = lower.into_iter().map(|(_, port)| port).collect();
            let length = cell * upper.len() + 1;
            let edge = "─".repeat(length);
            let unit = upper.first().map_or("", |port| port.unit);
            lines.push(numbers(&upper, cell));
            lines.push(Line::styled(format!(" ┌{unit:─<length$}┐"), DIM));
            lines.push(faces(&upper, upper.len(), cell));
            lines.push(faces(&lower, upper.len(), cell));
            lines.push(Line::styled(format!(" └{edge}┘"), DIM));
            lines.push(numbers(&lower, cell));
        }
    }
    lines
}

fn numbers<'a>(ports: &[&Face<'a>], cell: usize) -> Line<'a> {
    let spans = ports.iter().map(|port| {
        let style = if port.best { BOLD } else { DIM };
        Span::styled(format!("{:>cell$}", port.number), style)
    });
    Line::from_iter(std::iter::once(Span::raw("  ")).chain(spans))
}

fn faces<'a>(ports: &[&Face<'a>], columns: usize, cell: usize) -> Line<'a> {
    let gap = " ".repeat(cell - 2);
    let missing = " ".repeat(cell * (columns - ports.len()));
    let mut spans = vec![Span::styled(" │", DIM)];
    for port in ports {
        spans.push(Span::raw(gap.clone()));
        spans.push(Span::styled(
            format!("{}{}", port.symbol, port.level),
            port.style,
        ));
    }
    spans.push(Span::raw(missing));
    spans.push(Span::styled(" │", DIM));
    Line::from(spans)
}

/// How one port looks.
struct Face<'a> {
    /// What stands before the number: the same for all ports of a unit.
    unit: &'a str,
    number: &'a str,
    symbol: &'static str,
    level: &'static str,
    style: Style,
    best: bool,
}

impl<'a> Face<'a> {
    fn new(id: PortId, label: &'a str, panel: &Panel, state: &State) -> Self {
        let digits = label
            .trim_end_matches(|letter: char| letter.is_ascii_digit())
            .len();
        let (unit, number) = match label.split_at_checked(digits) {
            Some((unit, number)) if !number.is_empty() => (unit, number),
            _ => ("", label),
        };
        let belief = state.belief_in(id).unwrap_or(0.0);
        let best = belief >= 0.5;
        let mirrored = state
            .window
            .as_ref()
            .is_some_and(|window| window.ports.contains(id));
        let (symbol, style) = if id == panel.destination {
            (DESTINATION, Style::new().fg(Color::Yellow))
        } else if panel.uplinks.contains(id) {
            (UPLINK, Style::new().fg(Color::Magenta))
        } else if mirrored {
            (MIRRORED, Style::new().fg(Color::Cyan))
        } else if panel.candidates.contains(id) {
            (CANDIDATE, Style::new())
        } else {
            (OTHER, DIM)
        };
        Face {
            unit,
            number,
            symbol,
            level: level(belief),
            style: if best {
                Style::new().fg(Color::Green).patch(BOLD)
            } else {
                style
            },
            best,
        }
    }
}

/// Picks a bar. The root spreads small beliefs, which most ports have most of the time.
fn level(belief: f64) -> &'static str {
    if belief < RULED_OUT {
        return " ";
    }
    let reached = (1..LEVELS.len()).filter(|&step| belief.sqrt() * 8.0 >= step as f64 + 0.5);
    LEVELS.get(reached.count()).copied().unwrap_or("█")
}

fn legend<'a>(width: u16) -> Line<'a> {
    let long = format!(
        "  {MIRRORED} mirrored  {CANDIDATE} candidate  {DESTINATION} sniffer  {UPLINK} uplink  {OTHER} not searched  ▁▄█ belief"
    );
    let short = format!("  {MIRRORED} mirrored {DESTINATION} sniffer {UPLINK} uplink");
    let fits = long.chars().count() <= usize::from(width);
    Line::styled(if fits { long } else { short }, DIM)
}

/// The lines below the panel: the step and why, the window, what is likely, what comes next.
fn work<'a>(state: &'a State, width: u16) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if state.restoring {
        lines.push(row(
            "now",
            vec![Span::raw("the switch is being put back as it was")],
        ));
    } else if let Some(window) = &state.window {
        lines.extend(step(window, width));
        lines.push(listening(state, window, width));
        lines.push(row("then", vec![Span::raw(then(window.purpose))]));
    }
    if let Some(belief) = &state.belief {
        lines.push(likely(state, belief.elsewhere));
    }
    lines.push(row("time", vec![Span::raw(span(state.now.0))]));
    lines
}

/// The step's number and its reason, in two rows where one is too short.
fn step<'a>(window: &'a Window, width: u16) -> Vec<Line<'a>> {
    let number = format!("{}  ", window.number);
    let room = usize::from(width).saturating_sub(LABEL + number.len());
    let why = window.why.as_str();
    let (first, second) = match why.char_indices().nth(room) {
        None => (why, ""),
        Some((end, _)) => {
            let end = why
                .get(..end)
                .and_then(|start| start.rfind(' '))
                .unwrap_or(end);
            why.split_at_checked(end).unwrap_or((why, ""))
        }
    };
    let indent = " ".repeat(number.len());
    let mut lines = vec![row(
        "step",
        vec![Span::styled(number, BOLD), Span::raw(first)],
    )];
    if !second.is_empty() {
        lines.push(row(
            "",
            vec![Span::raw(indent), Span::raw(second.trim_start())],
        ));
    }
    lines
}

fn row<'a>(label: &'a str, spans: Vec<Span<'a>>) -> Line<'a> {
    let label = Span::styled(format!("  {label:<width$}", width = LABEL - 2), DIM);
    Line::from_iter(std::iter::once(label).chain(spans))
}

fn listening<'a>(state: &State, window: &Window, width: u16) -> Line<'a> {
    let passed = state.now.since(window.from).min(window.listen);
    let share = if window.listen.is_zero() {
        1.0
    } else {
        passed.as_secs_f64() / window.listen.as_secs_f64()
    };
    let length = usize::from(width / 5);
    let done = (0..length)
        .filter(|&place| (place as f64) < share * length as f64)
        .count();
    let counts = format!("  suspect {}, others {}", window.sightings, window.others);
    row(
        "listen",
        vec![
            Span::styled("━".repeat(done), Style::new().fg(Color::Cyan)),
            Span::styled("─".repeat(length - done), DIM),
            Span::raw(format!(
                "  {} of at most {}",
                span(passed),
                span(window.listen)
            )),
            Span::raw(counts),
        ],
    )
}

fn likely<'a>(state: &State, elsewhere: f64) -> Line<'a> {
    let mut parts: Vec<String> = state
        .likeliest(3)
        .into_iter()
        .filter(|(_, belief)| *belief >= RULED_OUT)
        .map(|(port, belief)| format!("port {} {}", state.label(port), percent(belief)))
        .collect();
    parts.push(format!("elsewhere {}", percent(elsewhere)));
    row("likely", vec![Span::raw(parts.join(" · "))])
}

fn then(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ControlAll => "nothing mirrored, to hear what arrives without a mirror",
        Purpose::ControlNone => "the set is narrowed",
        Purpose::Narrow => "if heard, among these ports; if silent, among the others",
        Purpose::ProofOn => "the port is taken out, and it should fall silent",
        Purpose::ProofOff => "the port is put back in, and it should be heard again",
    }
}
