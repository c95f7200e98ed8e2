//! Flows put together by what they have in common, with memory for little more than a key a flow.

use super::super::Census;
use super::Conversation;

/// Hands over the flows of each key together, in the order of the keys. A flow may have several keys, or none.
pub(super) fn each_group<K: Ord + Copy, I: IntoIterator<Item = K>>(
    census: &Census,
    keys: impl Fn(&Conversation) -> I,
    mut take: impl FnMut(K, &mut dyn Iterator<Item = Conversation>),
) {
    let mut entries: Vec<(K, u32)> = Vec::new();
    for (flow, place) in census.conversations().zip(0_u32..) {
        let keyed = keys(&flow).into_iter().map(|key| (key, place));
        for entry in keyed {
            // In steps, not doubled: memory counts here.
            if entries.len() == entries.capacity() {
                entries.reserve_exact((entries.len() / 8).max(1024));
            }
            entries.push(entry);
        }
    }
    entries.sort_unstable();
    for group in entries.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((key, _)) = group.first() else {
            continue;
        };
        let places = group
            .iter()
            .filter_map(|(_, place)| usize::try_from(*place).ok());
        let mut flows = places.filter_map(|place| census.conversation(place));
        take(*key, &mut flows);
    }
}
