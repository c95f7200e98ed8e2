//! What the events have told so far.

use std::time::Duration;

use crate::clock::Moment;
use crate::locate::Event;
use crate::port::{PortId, PortSet, PortTable};
use crate::search::{Belief, Purpose};

/// The run as far as it is known.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) panel: Option<Panel>,
    pub(super) window: Option<Window>,
    pub(super) belief: Option<Belief>,
    pub(super) now: Moment,
    pub(super) restoring: bool,
}

/// The switch that is being searched.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) switch: String,
    pub(super) ports: PortTable,
    pub(super) candidates: PortSet,
    pub(super) destination: PortId,
    pub(super) uplinks: PortSet,
}

/// The present window, or the last one.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) number: u32,
    pub(super) purpose: Purpose,
    pub(super) ports: PortSet,
    pub(super) listen: Duration,
    pub(super) why: String,
    pub(super) from: Moment,
    pub(super) sightings: u32,
    pub(super) others: u64,
}

impl State {
    /// Takes an event in.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Note(_) | Event::Warning(_) | Event::LinkLost(_) => {}
            Event::Panel {
                switch,
                ports,
                candidates,
                destination,
                uplinks,
            } => {
                *self = State {
                    panel: Some(Panel {
                        switch: (*switch).to_owned(),
                        ports: (*ports).clone(),
                        candidates: (*candidates).clone(),
                        destination: *destination,
                        uplinks: (*uplinks).clone(),
                    }),
                    now: self.now,
                    ..State::default()
                };
            }
            Event::Step {
                number,
                purpose,
                ports,
                listen,
                why,
                at,
            } => {
                self.now = *at;
                self.window = Some(Window {
                    number: *number,
                    purpose: *purpose,
                    ports: (*ports).clone(),
                    listen: *listen,
                    why: (*why).to_owned(),
                    from: *at,
                    sightings: 0,
                    others: 0,
                });
            }
            Event::Tick {
                at,
                sightings,
                others,
            } => {
                self.now = *at;
                if let Some(window) = &mut self.window {
                    window.sightings = *sightings;
                    window.others = *others;
                }
            }
            Event::Heard {
                sightings,
                belief,
                at,
                ..
            } => {
                self.now = *at;
                self.belief = Some((*belief).clone());
                if let Some(window) = &mut self.window {
                    window.sightings = *sightings;
                }
            }
            Event::Restoring { .. } => self.restoring = true,
            Event::Restored { .. } => self.restoring = false,
        }
    }

    /// Returns the belief in a port, once there is any.
    pub(super) fn belief_in(&self, port: PortId) -> Option<f64> {
        let ports = &self.belief.as_ref()?.ports;
        ports.iter().find(|(id, _)| *id == port).map(|(_, p)| *p)
    }

    /// Returns the likeliest ports, best first.
    pub(super) fn likeliest(&self, most: usize) -> Vec<(PortId, f64)> {
        let mut ports = self
            .belief
            .iter()
            .flat_map(|belief| belief.ports.clone())
            .collect::<Vec<_>>();
        ports.sort_by(|(a, p), (b, q)| q.total_cmp(p).then(a.cmp(b)));
        ports.truncate(most);
        ports
    }

    /// Names a set of ports by their labels.
    pub(super) fn describe(&self, ports: &PortSet) -> String {
        match &self.panel {
            Some(panel) => panel.ports.describe(ports),
            None => "unknown ports".to_owned(),
        }
    }

    /// Names a port by its label.
    pub(super) fn label(&self, port: PortId) -> &str {
        self.panel
            .as_ref()
            .map_or("?", |panel| panel.ports.label(port))
    }
}
