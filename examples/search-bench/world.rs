//! The world of the yardstick: ports, one suspect, strays, and a mirror that takes time to write.

use std::time::Duration;

use halfspan::clock::Moment;
use halfspan::port::{PortId, PortSet};
use halfspan::search::{Knocks, Observed, Quality};

/// A small seeded generator (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D);
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between 0 and 1, both excluded.
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -self.uniform().ln() * mean
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Talk {
    Steady(f64),
    Bursty {
        rate: f64,
        lasting: f64,
        pausing: f64,
    },
}

/// One world with a suspect on one port.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) suspect: Option<PortId>,
    pub(crate) talk: Talk,
    pub(crate) strays: f64,
    pub(crate) write: f64,
    pub(crate) now: f64,
    pub(crate) mirrored: PortSet,
    pub(crate) writes: u32,
    talking: bool,
    toggle: f64,
}

impl World {
    pub(crate) fn new(
        mut dice: Dice,
        suspect: Option<PortId>,
        talk: Talk,
        strays: f64,
        write: f64,
    ) -> Self {
        let (talking, toggle) = match talk {
            Talk::Steady(_) => (true, f64::INFINITY),
            Talk::Bursty {
                lasting, pausing, ..
            } => {
                let on = dice.uniform() < lasting / (lasting + pausing);
                (on, dice.exponential(if on { lasting } else { pausing }))
            }
        };
        World {
            dice,
            suspect,
            talk,
            strays,
            write,
            now: 0.0,
            mirrored: PortSet::new(),
            writes: 0,
            talking,
            toggle,
        }
    }

    fn flip(&mut self) {
        if let Talk::Bursty {
            lasting, pausing, ..
        } = self.talk
        {
            self.talking = !self.talking;
            self.toggle += self
                .dice
                .exponential(if self.talking { lasting } else { pausing });
        }
    }

    /// Mirrors `ports`; deaf meanwhile. The same set costs nothing.
    pub(crate) fn mirror(&mut self, ports: &PortSet) {
        if *ports == self.mirrored {
            return;
        }
        self.mirrored = ports.clone();
        self.writes += 1;
        self.now += self.write;
        while self.toggle < self.now {
            self.flip();
        }
    }

    /// Listens until the first sighting, at most so many seconds; tells whether there was one.
    pub(crate) fn listen(&mut self, seconds: f64) -> bool {
        let end = self.now + seconds;
        let inside = self
            .suspect
            .is_some_and(|port| self.mirrored.contains(port));
        loop {
            let own = match self.talk {
                Talk::Steady(rate) | Talk::Bursty { rate, .. } if inside && self.talking => rate,
                Talk::Steady(_) | Talk::Bursty { .. } => 0.0,
            };
            let rate = own + self.strays;
            let next = if rate > 0.0 {
                self.now + self.dice.exponential(1.0 / rate)
            } else {
                f64::INFINITY
            };
            let limit = self.toggle.min(end);
            if next < limit {
                self.now = next;
                return true;
            }
            self.now = limit;
            if limit >= end {
                return false;
            }
            self.flip();
        }
    }

    /// Mirrors and listens as a session would.
    pub(crate) fn observe(&mut self, ports: &PortSet, listen: Duration) -> Observed {
        self.mirror(ports);
        let from = moment(self.now);
        let heard = self.listen(listen.as_secs_f64());
        let until = moment(self.now);
        let sightings = if heard { vec![until] } else { vec![] };
        Observed {
            ports: ports.clone(),
            from,
            until,
            sightings,
            quality: Quality::Alive,
            knocks: Knocks::default(),
        }
    }
}

pub(crate) fn moment(seconds: f64) -> Moment {
    Moment(Duration::from_secs_f64(seconds))
}
