//! From a walk of a switch to the profile that may fit it: known mirror objects where they are known to be or below
//! another node, and, where nothing is known, a group of objects that looks like a mirror.
//!
//! What a walk cannot tell is marked in the file with [`MARK`](super::MARK); `profile check` lists the marked lines.

mod groups;
mod known;

use super::{Shape, Told, Walk, draft};

/// Where vendors' objects are: `enterprises` (RFC 2578 §3).
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

/// The beginning of a profile, made from a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The shape.
    pub shape: String,
    /// The file.
    pub text: String,
    /// What it rests on, in one sentence.
    pub why: String,
}

/// Proposes a profile called `name` for the switch that was walked.
#[must_use]
pub fn propose(name: &str, walk: &Walk) -> Proposal {
    let told = walk.told();
    known::proposal(name, walk, &told)
        .or_else(|| groups::proposal(name, walk, &told))
        .unwrap_or_else(|| from_nothing(name, &told))
}

/// The skeleton of the commonest shape, where the walk shows nothing of a mirror.
fn from_nothing(name: &str, told: &Told) -> Proposal {
    let shape = Shape::Bitmap.word();
    Proposal {
        shape: shape.to_owned(),
        text: draft::draft(name, shape, Some(told)).unwrap_or_default(),
        why: "nothing in the walk looks like a mirror, so the file is the skeleton of a bitmap"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Base, marked, parse};

    /// A switch that tells who it is and has two ports.
    const SYSTEM: &str = "\
.1.3.6.1.2.1.1.1.0 = STRING: \"Acme GS24\"
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.99999.1.24
.1.3.6.1.2.1.2.2.1.3.1 = INTEGER: ethernetCsmacd(6)
.1.3.6.1.2.1.2.2.1.3.2 = INTEGER: ethernetCsmacd(6)
.1.3.6.1.2.1.2.2.1.3.99 = INTEGER: other(1)
";

    fn proposed(rest: &str) -> Proposal {
        let walk = Walk::parse(&format!("{SYSTEM}{rest}"));
        assert_eq!(walk.unread, 0);
        let proposal = propose("Acme GS24", &walk);
        let profile =
            parse(&proposal.text, "draft").unwrap_or_else(|e| panic!("{e}\n{}", proposal.text));
        assert_eq!(profile.name, "acme-gs24");
        assert_eq!(profile.identify.sys_object_id.len(), 1);
        assert_eq!(profile.shape.word(), proposal.shape);
        proposal
    }

    #[test]
    fn known_objects_are_found_where_they_are_known_to_be() {
        let proposal = proposed(
            ".1.3.6.1.4.1.890.1.15.3.65.1.1.0 = INTEGER: disabled(2)
.1.3.6.1.4.1.890.1.15.3.65.1.2.0 = INTEGER: 0
.1.3.6.1.4.1.890.1.15.3.65.1.3.1.1.1 = INTEGER: 2
.1.3.6.1.4.1.890.1.15.3.65.1.3.1.1.2 = INTEGER: 2
.1.3.6.1.4.1.890.1.15.3.65.1.3.1.2.1 = INTEGER: 0
.1.3.6.1.4.1.890.1.15.3.65.1.3.1.2.2 = INTEGER: 0
",
        );
        assert_eq!(
            proposal.why,
            "the walk shows 4 objects of the built-in profile zyxel-4x"
        );
        assert_eq!(marked(&proposal.text).count(), 0);
    }

    #[test]
    fn known_objects_below_another_vendors_node_are_found_and_marked() {
        let proposal = proposed(
            ".1.3.6.1.4.1.99999.9.2.10.4.1.4.1 = INTEGER: 2
.1.3.6.1.4.1.99999.9.2.10.4.1.2.1 = Gauge32: 0
.1.3.6.1.4.1.99999.9.2.10.4.1.3.1 = Hex-STRING: 00 00
.1.3.6.1.4.1.99999.9.2.10.5.1.2.1.1 = INTEGER: 3
",
        );
        let profile = parse(&proposal.text, "draft").unwrap();
        let base = "1.3.6.1.4.1.99999.9".parse().unwrap();
        assert_eq!(profile.base, Some(Base::Literal(base)));
        assert!(
            proposal.why.contains("below 1.3.6.1.4.1.99999.9"),
            "{}",
            proposal.why
        );
        let marks: Vec<usize> = marked(&proposal.text).map(|(line, _)| line).collect();
        assert_eq!(marks.len(), 2, "{}", proposal.text);
    }

    #[test]
    fn a_value_that_the_known_object_cannot_have_is_no_sign_of_it() {
        let proposal = proposed(
            ".1.3.6.1.4.1.890.1.15.3.65.1.1.0 = INTEGER: 7
.1.3.6.1.4.1.890.1.15.3.65.1.2.0 = INTEGER: 0
",
        );
        assert!(!proposal.why.contains("zyxel"), "{}", proposal.why);
    }

    #[test]
    fn objects_that_look_like_a_mirror_are_proposed_with_marks() {
        let bits = proposed(
            ".1.3.6.1.4.1.99999.5.1.0 = INTEGER: 2
.1.3.6.1.4.1.99999.5.2.0 = INTEGER: 0
.1.3.6.1.4.1.99999.5.3.0 = Hex-STRING: 00 00
.1.3.6.1.4.1.99999.5.4.0 = Hex-STRING: 00 00
",
        );
        assert_eq!(bits.shape, "bitmap");
        assert!(bits.text.contains("direction: egress"), "{}", bits.text);
        assert!(marked(&bits.text).count() >= 5, "{}", bits.text);
        let flags = proposed(
            ".1.3.6.1.4.1.99999.5.1.0 = INTEGER: 2
.1.3.6.1.4.1.99999.5.2.0 = INTEGER: 0
.1.3.6.1.4.1.99999.5.3.1.2.1 = INTEGER: 0
.1.3.6.1.4.1.99999.5.3.1.2.2 = INTEGER: 0
",
        );
        assert_eq!(flags.shape, "port_flags");
        let session = proposed(
            ".1.3.6.1.4.1.99999.7.1.1.2.1 = INTEGER: 2
.1.3.6.1.4.1.99999.7.1.1.3.1 = INTEGER: 0
.1.3.6.1.4.1.99999.7.1.1.4.1 = Hex-STRING: 00
",
        );
        assert!(session.text.contains("index: session"), "{}", session.text);
    }

    #[test]
    fn a_walk_without_any_sign_gives_the_skeleton() {
        let proposal = proposed(".1.3.6.1.4.1.99999.1.1.0 = STRING: \"hello\"\n");
        assert!(proposal.why.starts_with("nothing in the walk"));
        assert!(marked(&proposal.text).count() > 0);
    }
}
