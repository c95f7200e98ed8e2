//! A hash table of what was counted, that stays within a stated size whatever comes.
//!
//! When it is full, the lighter half is given up, as in the frequent-items sketch of Misra and Gries done in
//! batches. What is in the table has lost at most [`Table::error`] by that: its true weight lies between what is
//! counted and that much more. What was never given up is exact, and a table that was never full is exact altogether.

use foldhash::fast::RandomState;

use super::key::Key;

/// A table with at most `limit` entries, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Table<K, V> {
    seed: RandomState,
    /// Open addressing with linear probing: the hash's upper half, then the entry's number plus one; zero is free.
    slots: Vec<u64>,
    entries: Vec<(K, V)>,
    limit: usize,
    error: u64,
    given_up: u64,
}

/// How many look-ups are fetched at a time: see [`Table::fetch`].
pub(super) const GROUP: usize = 32;
const FIRST_SLOTS: usize = 1 << 10;
/// Entries are added in steps of this share, so that little is reserved in vain: memory counts here.
const GROWTH_DIVISOR: usize = 8;

impl<K: Key, V> Table<K, V> {
    pub(super) fn new(seed: &RandomState, limit: usize) -> Table<K, V> {
        Table {
            seed: seed.clone(),
            slots: vec![0; FIRST_SLOTS],
            entries: Vec::new(),
            // Entries are numbered with 32 bits.
            limit: limit.clamp(FIRST_SLOTS, 1 << 30),
            error: 0,
            given_up: 0,
        }
    }

    /// Returns the most that an entry may have lost by being given up earlier.
    pub(super) fn error(&self) -> u64 {
        self.error
    }

    /// Takes over what another table lost, whose entries are then added.
    pub(super) fn add_lost(&mut self, other: &Table<K, V>) {
        self.error = self.error.saturating_add(other.error);
        self.given_up += other.given_up;
    }

    /// Returns how many entries were given up; one that comes again counts again.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.entries.iter()
    }

    /// Returns the entries, as many at a time as are fetched at once.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[(K, V)]> {
        self.entries.chunks(GROUP)
    }

    pub(super) fn at(&self, number: usize) -> Option<&(K, V)> {
        self.entries.get(number)
    }

    pub(super) fn hash(&self, key: &K) -> u64 {
        key.hash(&self.seed)
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let hash = self.hash(key);
        let (_, found) = self.probe(hash, key);
        found
            .and_then(|number| self.entries.get(number))
            .map(|(_, value)| value)
    }

    /// Returns the entry of a key, made by `new` if there is none. A full table is first relieved by hand:
    /// see [`Table::relieve`]; what finds no room even so pushes the limit.
    #[inline]
    pub(super) fn entry(&mut self, hash: u64, key: &K, new: impl FnOnce() -> V) -> &mut V {
        let (mut place, found) = self.probe(hash, key);
        let number = match found {
            Some(number) => number,
            None => {
                if self.entries.len() * 4 >= self.slots.len() * 3 {
                    self.grow();
                    (place, _) = self.probe(hash, key);
                }
                self.add(place, hash, *key, new())
            }
        };
        let Some((_, value)) = self.entries.get_mut(number) else {
            unreachable!("slots number only entries that are there");
        };
        value
    }

    /// Fetches what later look-ups need, all at once: memory is slow to answer, and does not mind many questions.
    /// `peek` reads something of an entry.
    #[inline]
    pub(super) fn fetch(
        &self,
        hashes: impl Iterator<Item = u64> + Clone,
        peek: impl Fn(&(K, V)) -> u64,
    ) {
        let homes = hashes.clone().map(|hash| self.slots.get(self.home(hash)));
        let slots = homes.flatten().fold(0, |sum, slot| sum ^ slot);
        let entries = hashes.filter_map(|hash| self.likely(hash));
        let peeked = entries.fold(0, |sum, entry| sum ^ peek(entry));
        // Without a use it would not be read.
        std::hint::black_box((slots, peeked));
    }

    /// Returns the entry that a look-up most likely finds, by its slot alone.
    #[inline]
    fn likely(&self, hash: u64) -> Option<&(K, V)> {
        let mut place = self.home(hash);
        loop {
            let slot = self.slots.get(place).copied().unwrap_or(0);
            let number = number_in(slot)?;
            if slot >> 32 == hash >> 32 {
                return self.entries.get(number);
            }
            place = self.after(place);
        }
    }

    /// Gives up the lighter half of the entries by their weights, and hands them to `leaving`.
    #[cold]
    pub(super) fn relieve(&mut self, weigh: impl Fn(&V) -> u64, mut leaving: impl FnMut(&K, &V)) {
        let weights = self.entries.iter().map(|(_, value)| weigh(value));
        let mut weights: Vec<u64> = weights.collect();
        let middle = weights.len() / 2;
        if middle == 0 {
            return;
        }
        let (_, &mut threshold, _) = weights.select_nth_unstable(middle);
        drop(weights);
        let before = self.entries.len();
        self.entries.retain(|(key, value)| {
            let stays = weigh(value) > threshold;
            if !stays {
                leaving(key, value);
            }
            stays
        });
        self.error = self.error.saturating_add(threshold);
        let gone = before - self.entries.len();
        self.given_up += u64::try_from(gone).unwrap_or(0);
        self.slots.fill(0);
        for number in 0..self.entries.len() {
            if let Some((key, _)) = self.entries.get(number) {
                let hash = self.hash(key);
                self.place(slot_of(hash, number));
            }
        }
    }

    /// Gives up all entries with their memory. What was lost before stays told.
    pub(super) fn release(&mut self) {
        self.entries = Vec::new();
        self.slots = vec![0; FIRST_SLOTS];
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        // The length is a power of two of at most 2^31: the upper half of the hash is all that is kept.
        usize::try_from(hash >> 32).unwrap_or(0) & (self.slots.len() - 1)
    }

    /// Returns the slot where the key is or would be, and the number of its entry.
    #[inline]
    fn probe(&self, hash: u64, key: &K) -> (usize, Option<usize>) {
        let mut place = self.home(hash);
        loop {
            let slot = self.slots.get(place).copied().unwrap_or(0);
            let Some(number) = number_in(slot) else {
                return (place, None);
            };
            if slot >> 32 == hash >> 32
                && self
                    .entries
                    .get(number)
                    .is_some_and(|(have, _)| have == key)
            {
                return (place, Some(number));
            }
            place = self.after(place);
        }
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    fn add(&mut self, place: usize, hash: u64, key: K, value: V) -> usize {
        let number = self.entries.len();
        if number == self.entries.capacity() {
            self.entries
                .reserve_exact((number / GROWTH_DIVISOR).max(64));
        }
        self.entries.push((key, value));
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = slot_of(hash, number);
        }
        number
    }

    #[cold]
    fn grow(&mut self) {
        let doubled = vec![0; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, doubled);
        for slot in old.into_iter().filter(|&slot| slot != 0) {
            self.place(slot);
        }
    }

    /// Puts a slot where it belongs by its own half of the hash.
    fn place(&mut self, slot: u64) {
        let mut place = self.home(slot);
        while self.slots.get(place).is_some_and(|&taken| taken != 0) {
            place = self.after(place);
        }
        if let Some(free) = self.slots.get_mut(place) {
            *free = slot;
        }
    }
}

fn slot_of(hash: u64, number: usize) -> u64 {
    hash >> 32 << 32 | (u64::try_from(number).unwrap_or(0) + 1)
}

fn number_in(slot: u64) -> Option<usize> {
    usize::try_from(slot & u64::from(u32::MAX))
        .ok()?
        .checked_sub(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn add(table: &mut Table<u64, u64>, key: u64, weight: u64) {
        if table.is_full() {
            table.relieve(|&weight| weight, |_, _| {});
        }
        let hash = table.hash(&key);
        *table.entry(hash, &key, || 0) += weight;
    }

    #[test]
    fn a_table_with_room_counts_as_a_map_does() {
        let mut table = Table::new(&RandomState::default(), 1 << 20);
        let mut map = HashMap::new();
        for number in 0..100_000_u64 {
            let key = number * number % 9973;
            add(&mut table, key, number);
            *map.entry(key).or_insert(0) += number;
        }
        assert_eq!(table.len(), map.len());
        assert_eq!((table.error(), table.given_up()), (0, 0));
        assert!(table.iter().all(|(key, value)| map[key] == *value));
        assert!(map.iter().all(|(key, value)| table.get(key) == Some(value)));
    }

    #[test]
    fn among_a_flood_of_rare_keys_the_heavy_ones_stay_within_the_stated_error() {
        let mut table = Table::new(&RandomState::default(), 4096);
        let mut truth = HashMap::new();
        for round in 0..1_000_000_u64 {
            let (key, weight) = if round % 10 == 0 {
                (round % 7, 1500)
            } else {
                (1000 + round, 60)
            };
            add(&mut table, key, weight);
            *truth.entry(key).or_insert(0) += weight;
            assert!(table.len() <= 4096);
        }
        assert!(table.given_up() > 0);
        let mut ranked: Vec<_> = table.iter().copied().collect();
        ranked.sort_by_key(|&(_, weight)| std::cmp::Reverse(weight));
        for &(key, weight) in &ranked[..7] {
            assert!(key < 7, "{key} is none of the heavy ones");
            let true_weight = truth[&key];
            assert!(weight <= true_weight && true_weight <= weight + table.error());
        }
        assert!(table.error() < 60 * 1_000, "{}", table.error());
    }

    #[test]
    fn what_leaves_is_handed_over() {
        let mut table = Table::new(&RandomState::default(), 1024);
        let mut left = 0;
        for key in 0..1024_u64 {
            add(&mut table, key, key + 1);
        }
        table.relieve(|&weight| weight, |_, weight| left += weight);
        let kept: u64 = table.iter().map(|(_, weight)| weight).sum();
        assert_eq!(left + kept, 1024 * 1025 / 2);
        assert_eq!(table.error(), 513);
        assert_eq!(table.get(&1023), Some(&1024));
        assert_eq!(table.get(&3), None);
    }
}
