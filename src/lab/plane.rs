//! The data plane's thread: sends what is due through the switch and what arrives at the laptop's port to its capture.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::{Clock, LiveClock};
use crate::wire::tzsp;

use super::traffic::{Emission, Traffic};
use super::world::{World, locked};

/// How long the thread sleeps when nothing is planned.
const IDLE: Duration = Duration::from_secs(1);

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Command {
    /// The laptop has asked the suspect something and was answered.
    Asked {
        /// From where.
        asker: SocketAddrV4,
        /// The UDP payload of the question.
        question: Vec<u8>,
        /// And of the answer.
        answer: Vec<u8>,
    },
    /// The lab ends.
    Stop,
}

/// The data plane.
pub(super) struct Plane {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) traffic: Traffic,
    pub(super) clock: LiveClock,
    /// Sends the TZSP stream.
    pub(super) sensor: UdpSocket,
    pub(super) capture: SocketAddr,
}

impl Plane {
    /// Runs until it is told to stop.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let due = self.traffic.due(self.clock.now());
            self.forward(&due);
            let wait = self
                .traffic
                .next_due()
                .map_or(IDLE, |at| at.since(self.clock.now()));
            match commands.recv_timeout(wait.min(IDLE)) {
                Ok(Command::Asked {
                    asker,
                    question,
                    answer,
                }) => {
                    let frames = self.traffic.asked(asker, &question, &answer);
                    self.forward(&frames);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn forward(&self, emissions: &[Emission]) {
        for emission in emissions {
            let heard = locked(&self.world).receive(emission, self.clock.now());
            for _ in 0..heard {
                // A capture that does not listen, or not fast enough, misses frames as a real one does.
                let packet = tzsp::build(&emission.frame);
                let _sent = self.sensor.send_to(&packet, self.capture);
            }
        }
    }
}
