//! Sets of ports as octets: bitmaps, texts, words. A switch keeps the set and answers in its own form.

use std::collections::BTreeSet;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::Modelled;
use super::model::{Codec, Column, Form};

impl Modelled {
    /// Reads octets strictly, and returns them as the switch keeps them.
    pub(super) fn check_octets(
        &self,
        column: &Column,
        octets: &[u8],
    ) -> Result<Value, SetTestError> {
        let (least, most) = column.size.unwrap_or((0, 65_535));
        if octets.len() < least || octets.len() > most {
            return Err(SetTestError::WrongLength);
        }
        if column.codec.is_none() {
            return Ok(Value::OctetString(octets.to_vec().into()));
        }
        let ports = self.ports_in(column, octets)?;
        Ok(self.written(column, &ports))
    }

    /// The ports, by bridge port, that a kept value names.
    pub(super) fn ports_of(&self, column: &Column, value: &Value) -> BTreeSet<u32> {
        if let Value::OctetString(octets) = value {
            return self.ports_in(column, octets).unwrap_or_default();
        }
        let number = if let Value::Integer(number) = value {
            u32::try_from(*number).ok()
        } else if let Value::Gauge32(number) = value {
            Some(*number)
        } else {
            None
        };
        let none = column
            .code("none")
            .and_then(|none| u32::try_from(none).ok());
        number
            .filter(|number| Some(*number) != none)
            .and_then(|number| self.port(number, Some(column)))
            .into_iter()
            .collect()
    }

    fn ports_in(&self, column: &Column, octets: &[u8]) -> Result<BTreeSet<u32>, SetTestError> {
        let Some(codec) = &column.codec else {
            return Ok(BTreeSet::new());
        };
        let numbers = match codec.form {
            Form::HighFirst | Form::LowFirst => bits(codec, octets),
            Form::Names => names(codec, octets).ok_or(SetTestError::WrongValue)?,
            Form::Words => words(octets).ok_or(SetTestError::WrongLength)?,
        };
        numbers
            .into_iter()
            .map(|number| {
                self.port(number, Some(column))
                    .ok_or(SetTestError::WrongValue)
            })
            .collect()
    }

    /// Writes a set of bridge ports in the switch's own form.
    pub(super) fn written(&self, column: &Column, ports: &BTreeSet<u32>) -> Value {
        let numbers: BTreeSet<u32> = ports
            .iter()
            .map(|port| self.number(*port, Some(column)))
            .collect();
        let octets = column
            .codec
            .as_ref()
            .map(|codec| codec.write(&numbers))
            .unwrap_or_default();
        Value::OctetString(octets.into())
    }
}

impl Codec {
    fn write(&self, numbers: &BTreeSet<u32>) -> Vec<u8> {
        match self.form {
            Form::HighFirst | Form::LowFirst => self.write_bits(numbers),
            Form::Names => self.write_names(numbers).into_bytes(),
            Form::Words => {
                let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let words = std::iter::once(count).chain(numbers.iter().copied());
                words.flat_map(u32::to_be_bytes).collect()
            }
        }
    }

    fn write_bits(&self, numbers: &BTreeSet<u32>) -> Vec<u8> {
        let mut octets = vec![0u8; self.answers.max(1)];
        for number in numbers {
            let bit = usize::try_from(number.saturating_sub(self.first)).unwrap_or(0);
            if bit / 8 >= octets.len() {
                octets.resize(bit / 8 + 1, 0);
            }
            if let Some(octet) = octets.get_mut(bit / 8) {
                *octet |= mask(self.form, bit % 8);
            }
        }
        while self.trims && octets.len() > 1 && octets.last() == Some(&0) {
            octets.pop();
        }
        octets
    }

    fn write_names(&self, numbers: &BTreeSet<u32>) -> String {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for &number in numbers {
            match runs.last_mut() {
                Some((_, last)) if self.ranges && *last + 1 == number => *last = number,
                _ => runs.push((number, number)),
            }
        }
        let name = |number: u32| self.name.replace("{n}", &number.to_string());
        let items: Vec<String> = runs
            .into_iter()
            .map(|(first, last)| match last > first {
                true => format!("{}-{last}", name(first)),
                false => name(first),
            })
            .collect();
        items.join(",")
    }
}

fn mask(form: Form, bit: usize) -> u8 {
    if form == Form::LowFirst {
        1 << bit
    } else {
        0x80 >> bit
    }
}

fn bits(codec: &Codec, octets: &[u8]) -> BTreeSet<u32> {
    let set = octets.iter().enumerate().flat_map(|(place, octet)| {
        (0..8)
            .filter(move |bit| octet & mask(codec.form, *bit) != 0)
            .map(move |bit| place * 8 + bit)
    });
    set.filter_map(|bit| u32::try_from(bit).ok()?.checked_add(codec.first))
        .collect()
}

fn names(codec: &Codec, octets: &[u8]) -> Option<BTreeSet<u32>> {
    let text = std::str::from_utf8(octets).ok()?;
    let (before, after) = codec.name.split_once("{n}")?;
    let mut numbers = BTreeSet::new();
    if text.is_empty() {
        return Some(numbers);
    }
    for item in text.split(',') {
        let item = item
            .trim_start()
            .strip_prefix(before)?
            .strip_suffix(after)?;
        let (first, last) = match item.split_once('-') {
            Some((first, last)) if codec.ranges => (first.parse().ok()?, last.parse().ok()?),
            _ => {
                let number: u32 = item.parse().ok()?;
                (number, number)
            }
        };
        if first > last || last - first > 4096 {
            return None;
        }
        numbers.extend(first..=last);
    }
    let gaps = numbers
        .iter()
        .zip(numbers.iter().skip(1))
        .any(|(a, b)| a + 1 != *b);
    (!codec.one_range || !gaps).then_some(numbers)
}

fn words(octets: &[u8]) -> Option<BTreeSet<u32>> {
    if octets.is_empty() {
        return Some(BTreeSet::new());
    }
    let words: Vec<u32> = octets
        .chunks(4)
        .map(|word| word.try_into().map(u32::from_be_bytes).ok())
        .collect::<Option<_>>()?;
    let (count, numbers) = words.split_first()?;
    (usize::try_from(*count).ok()? == numbers.len()).then(|| numbers.iter().copied().collect())
}
