//! The questions before the first write.

use super::reach::ManagementPath;
use super::task::Desk;
use crate::error::{Exit, Failure};
use crate::profile::DestinationTraffic;

/// Asks whether the switch called `name` may be changed as `opening` says, having made sure that it can still be reached
/// once the port labelled `destination` is a mirror's.
///
/// # Errors
/// [`Exit::Refused`], if the switch is known to cut this machine off, if the person says no, or if nobody is
/// there to ask.
pub(super) fn ask(
    name: &str,
    destination: &str,
    opening: String,
    path: ManagementPath,
    traffic: DestinationTraffic,
    desk: &dyn Desk,
) -> Result<(), Failure> {
    if path == ManagementPath::ThroughDestination && traffic == DestinationTraffic::Block {
        return Err(Failure::new(
            Exit::Refused,
            format!("{name} is managed through port {destination}, which it cuts off while it is a mirror destination"),
        )
        .hint("manage the switch by another interface of this machine, such as Wi-Fi"));
    }
    let mut question = opening;
    let way = match path {
        ManagementPath::Apart => None,
        ManagementPath::ThroughDestination => Some("manages"),
        ManagementPath::Unknown => Some("may manage"),
    };
    let works = match traffic {
        DestinationTraffic::Pass => None,
        DestinationTraffic::Block => Some("which the switch cuts off then"),
        DestinationTraffic::Knob | DestinationTraffic::Unknown => {
            Some("and the profile does not know whether that port still works then")
        }
    };
    if let (Some(way), Some(works)) = (way, works) {
        question.push_str(&format!(
            " This machine {way} it through port {destination}, {works}; if the switch is lost, `halfspan restore` from another port puts it back."
        ));
    }
    question.push_str(" Go on?");
    if desk.confirm(&question)? {
        Ok(())
    } else {
        Err(Failure::new(Exit::Refused, "stopped by your answer").state("nothing was written"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::locate::Event;

    /// Says yes, and remembers what was asked.
    #[derive(Default)]
    struct Nodding(RefCell<Vec<String>>);

    impl Desk for Nodding {
        fn show(&self, _: &Event<'_>) {}

        fn confirm(&self, question: &str) -> Result<bool, Failure> {
            self.0.borrow_mut().push(question.to_owned());
            Ok(true)
        }

        fn choose(&self, _: &str, _: Vec<String>, _: &str) -> Result<usize, Failure> {
            Ok(0)
        }

        fn have_done(&self, _: &str) -> Result<bool, Failure> {
            Ok(true)
        }

        fn interrupted(&self) -> bool {
            false
        }
    }

    /// What is asked, or why it is refused.
    fn asked(path: ManagementPath, traffic: DestinationTraffic) -> String {
        let desk = Nodding::default();
        let opening = "office-1 will mirror.".to_owned();
        match ask("office-1", "24", opening, path, traffic, &desk) {
            Ok(()) => desk.0.take().join("\n"),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn a_switch_that_cuts_off_the_port_it_is_managed_through_is_refused() {
        let told = asked(
            ManagementPath::ThroughDestination,
            DestinationTraffic::Block,
        );
        insta::assert_snapshot!(told, @r"
        error: office-1 is managed through port 24, which it cuts off while it is a mirror destination
        hint:  manage the switch by another interface of this machine, such as Wi-Fi
        ");
    }

    #[test]
    fn where_the_switch_may_be_lost_the_question_says_so() {
        let shared = ManagementPath::ThroughDestination;
        let told = [
            asked(shared, DestinationTraffic::Unknown),
            asked(ManagementPath::Unknown, DestinationTraffic::Knob),
            asked(ManagementPath::Unknown, DestinationTraffic::Block),
        ];
        insta::assert_snapshot!(told.join("\n"), @r"
        office-1 will mirror. This machine manages it through port 24, and the profile does not know whether that port still works then; if the switch is lost, `halfspan restore` from another port puts it back. Go on?
        office-1 will mirror. This machine may manage it through port 24, and the profile does not know whether that port still works then; if the switch is lost, `halfspan restore` from another port puts it back. Go on?
        office-1 will mirror. This machine may manage it through port 24, which the switch cuts off then; if the switch is lost, `halfspan restore` from another port puts it back. Go on?
        ");
    }

    #[test]
    fn where_the_switch_cannot_be_lost_nothing_is_added_to_the_question() {
        let plain = "office-1 will mirror. Go on?";
        assert_eq!(
            asked(ManagementPath::Apart, DestinationTraffic::Block),
            plain
        );
        for path in [ManagementPath::ThroughDestination, ManagementPath::Unknown] {
            assert_eq!(asked(path, DestinationTraffic::Pass), plain);
        }
    }
}
