//! The worlds that the tables are made of.

use crate::world::Talk;

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) ports: u16,
    pub(crate) talk: Talk,
    /// Strays a second.
    pub(crate) strays: f64,
    /// Seconds that a write takes.
    pub(crate) write: f64,
    /// How often the head start names the right port.
    pub(crate) hint: Option<f64>,
    /// The most ports mirrored at once.
    pub(crate) limit: Option<usize>,
    /// The belief at which the search may answer.
    pub(crate) confidence: f64,
}

pub(crate) const BURSTY: Talk = Talk::Bursty {
    rate: 50.0,
    lasting: 2.0,
    pausing: 20.0,
};

const TALKS: [Talk; 4] = [
    Talk::Steady(100.0),
    Talk::Steady(1.0),
    Talk::Steady(0.2),
    BURSTY,
];

/// An ordinary row: a write takes 1.5 s and a stray comes every 100 s.
pub(crate) fn usual(ports: u16, talk: Talk) -> Row {
    Row {
        ports,
        talk,
        strays: 0.01,
        write: 1.5,
        hint: None,
        limit: None,
        confidence: 0.999,
    }
}

impl Row {
    /// Returns what the row is called.
    pub(crate) fn name(&self) -> String {
        let mut name = format!("{} ports, {}", self.ports, talk_name(self.talk));
        match self.hint {
            Some(0.0) => name += ", head start always wrong",
            Some(right) => name += &format!(", head start right {right} of 1"),
            None => {}
        }
        if let Some(limit) = self.limit {
            name += &format!(", at most {limit} mirrored");
        }
        if self.confidence < 0.999 {
            name += &format!(", confidence {}", self.confidence);
        }
        name
    }
}

fn talk_name(talk: Talk) -> String {
    match talk {
        Talk::Steady(rate) => format!("{rate}/s"),
        Talk::Bursty { .. } => "bursty".to_owned(),
    }
}

/// Ports, traffic, strays and write time, one after the other.
pub(crate) fn table() -> Vec<Row> {
    let mut rows = Vec::new();
    for strays in [0.01, 0.0] {
        for ports in [24, 48] {
            rows.extend(TALKS.map(|talk| Row {
                strays,
                ..usual(ports, talk)
            }));
        }
    }
    for write in [0.2, 5.0] {
        rows.extend(TALKS.map(|talk| Row {
            write,
            ..usual(24, talk)
        }));
    }
    rows
}

/// Head starts that are right nine times in ten, and ones that never are, beside none.
pub(crate) fn hints() -> Vec<Row> {
    let mut rows = Vec::new();
    for talk in TALKS {
        rows.extend([None, Some(0.9), Some(0.0)].map(|hint| Row {
            hint,
            ..usual(24, talk)
        }));
    }
    rows
}

/// Switches that mirror few ports at once.
pub(crate) fn limits() -> Vec<Row> {
    let mut rows = Vec::new();
    for talk in [Talk::Steady(100.0), Talk::Steady(1.0)] {
        rows.extend([None, Some(8), Some(4), Some(1)].map(|limit| Row {
            limit,
            ..usual(24, talk)
        }));
    }
    rows
}

/// What certainty costs: time against wrong answers.
pub(crate) fn curve() -> Vec<Row> {
    let mut rows = Vec::new();
    for talk in [Talk::Steady(1.0), Talk::Steady(0.2), BURSTY] {
        rows.extend([0.9, 0.97, 0.99, 0.997, 0.999].map(|confidence| Row {
            confidence,
            ..usual(24, talk)
        }));
    }
    rows
}

/// The rows of the first table, at 0.01 strays a second and 1.5 s a write, whose name holds `text`.
pub(crate) fn matching(text: &str) -> Vec<Row> {
    let mut rows = table();
    rows.truncate(8);
    rows.retain(|row| text == "main" || row.name().contains(text));
    rows
}
