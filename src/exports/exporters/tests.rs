use proptest::prelude::*;

use super::*;

const SENDER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A v9 datagram of one set.
fn v9(domain: u32, set: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = [9_u16, 1].map(u16::to_be_bytes).concat();
    for number in [60_000, 1_700_000_000, 1, domain] {
        bytes.extend(u32::to_be_bytes(number));
    }
    let length = u16::try_from(body.len() + 4).unwrap();
    bytes.extend([set, length].map(u16::to_be_bytes).concat());
    bytes.extend(body);
    bytes
}

/// A template: addresses, packets, octets.
fn template(id: u16) -> Vec<u8> {
    let fields = [id, 4, 8, 4, 12, 4, 2, 4, 1, 4];
    fields.map(u16::to_be_bytes).concat()
}

const RECORD: [u8; 16] = [10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 7, 0, 0, 4, 0];

fn packets(exporters: &mut Exporters, sender: IpAddr, bytes: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    exporters.take(sender, bytes, &mut |took| {
        if let Took::Record(record) = took {
            found.push(record.packets);
        }
    });
    found
}

#[test]
fn records_are_read_by_the_template_of_their_own_exporter_and_domain() {
    let mut exporters = Exporters::default();
    let record = v9(1, 300, &RECORD);
    assert!(packets(&mut exporters, SENDER, &record).is_empty());
    assert_eq!(exporters.without_template, 1);
    packets(&mut exporters, SENDER, &v9(1, 0, &template(300)));
    assert_eq!(packets(&mut exporters, SENDER, &record), [7]);
    let other = "192.0.2.2".parse().unwrap();
    assert!(packets(&mut exporters, other, &record).is_empty());
    assert!(packets(&mut exporters, SENDER, &v9(2, 300, &RECORD)).is_empty());
    assert_eq!((exporters.without_template, exporters.malformed), (3, 0));
}

#[test]
fn a_sampling_rate_told_in_options_multiplies_what_follows() {
    let mut exporters = Exporters::default();
    packets(&mut exporters, SENDER, &v9(1, 0, &template(300)));
    // One scope (system), one option: the sampling interval.
    let options = [301_u16, 4, 4, 1, 4, 34, 4].map(u16::to_be_bytes).concat();
    packets(&mut exporters, SENDER, &v9(1, 1, &options));
    packets(
        &mut exporters,
        SENDER,
        &v9(1, 301, &[0, 0, 0, 9, 0, 0, 0, 100]),
    );
    assert_eq!(packets(&mut exporters, SENDER, &v9(1, 300, &RECORD)), [700]);
}

#[test]
fn a_damaged_datagram_is_counted_and_what_was_good_of_it_is_told() {
    let mut exporters = Exporters::default();
    packets(&mut exporters, SENDER, &v9(1, 0, &template(300)));
    let mut bytes = v9(1, 300, &RECORD);
    bytes.extend([1, 44, 0, 200, 1, 2, 3]);
    assert_eq!(packets(&mut exporters, SENDER, &bytes), [7]);
    assert_eq!(exporters.malformed, 1);
}

#[test]
fn forged_senders_and_templates_do_not_fill_the_memory() {
    let mut exporters = Exporters::default();
    for number in 0..3000 {
        packets(&mut exporters, SENDER, &v9(number, 0, &template(300)));
    }
    assert_eq!(exporters.domains.len(), MAX_DOMAINS);
    // The one that spoke last is still known.
    assert_eq!(
        packets(&mut exporters, SENDER, &v9(2999, 300, &RECORD)),
        [7]
    );
    let without_length = [300_u16, 1, 8, 0].map(u16::to_be_bytes).concat();
    packets(&mut exporters, SENDER, &v9(2999, 0, &without_length));
    assert!(packets(&mut exporters, SENDER, &v9(2999, 300, &RECORD)).is_empty());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        version in prop::sample::select(vec![[0, 5], [0, 9], [0, 10], [0, 0]]),
        set in prop::sample::select(vec![0_u16, 1, 2, 3, 300]),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut exporters = Exporters::default();
        let plain = [&version[..], &bytes].concat();
        exporters.take(SENDER, &plain, &mut |_| {});
        exporters.take(SENDER, &v9(1, 0, &template(300)), &mut |_| {});
        exporters.take(SENDER, &v9(1, set, &bytes), &mut |_| {});
        exporters.take(SENDER, &v9(1, 300, &bytes), &mut |_| {});
    }
}
