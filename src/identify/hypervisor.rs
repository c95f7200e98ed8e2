//! Virtual machines, by the prefixes that hypervisors give their MACs from.

use crate::mac::Mac;

/// The first three octets, and who gives them: registered to the makers at the IEEE, but for QEMU's, which is made up and
/// the same everywhere.
const PREFIXES: &[([u8; 3], &str)] = &[
    ([0x00, 0x05, 0x69], "VMware"),
    ([0x00, 0x0c, 0x29], "VMware"),
    ([0x00, 0x15, 0x5d], "Hyper-V"),
    ([0x00, 0x16, 0x3e], "Xen"),
    ([0x00, 0x1a, 0x4a], "oVirt"),
    ([0x00, 0x1c, 0x14], "VMware"),
    ([0x00, 0x1c, 0x42], "Parallels"),
    ([0x00, 0x50, 0x56], "VMware"),
    ([0x08, 0x00, 0x27], "VirtualBox"),
    ([0x50, 0x6b, 0x8d], "Nutanix"),
    ([0x52, 0x54, 0x00], "QEMU/KVM"),
    ([0xbc, 0x24, 0x11], "Proxmox"),
];

/// Returns whose virtual machine has such a MAC.
#[must_use]
pub fn hypervisor(mac: Mac) -> Option<&'static str> {
    let known = |(prefix, _): &&([u8; 3], &str)| mac.0.starts_with(prefix);
    PREFIXES.iter().find(known).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::super::Vendor;
    use super::*;

    #[test]
    fn a_virtual_machine_is_known_by_its_prefix() {
        assert_eq!(hypervisor(Mac([0x52, 0x54, 0, 1, 2, 3])), Some("QEMU/KVM"));
        assert_eq!(hypervisor(Mac([0x04, 0xd4, 0xc4, 1, 2, 3])), None);
    }

    #[test]
    fn the_prefixes_are_registered_to_makers_of_hypervisors() {
        for ([a, b, c], name) in PREFIXES {
            let vendor = Vendor::of(Mac([*a, *b, *c, 0, 0, 1])).to_string();
            let words = match *name {
                "Hyper-V" => "Microsoft",
                "oVirt" => "Qumranet",
                "QEMU/KVM" => "made up",
                "VirtualBox" => "PCS",
                maker => maker,
            };
            let (vendor, words) = (vendor.to_lowercase(), words.to_lowercase());
            assert!(vendor.contains(&words), "{name}: {vendor}");
        }
    }
}
