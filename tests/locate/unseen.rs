//! A switch that nobody has seen: a profile that a newcomer writes from two pages of a MIB, and an agent that is told
//! by a description. No line of Rust knows either.

use std::fs;

use halfspan::lab::Profile;

use crate::site::Site;

fn is_found_with(name: &str, profile: &str, description: &str) {
    let played = Profile::from_description(name, description).unwrap();
    let site = Site::new(|spec| spec.profile = played);
    let file = site.path("mine.yaml");
    fs::write(&file, profile).unwrap();
    site.reconfigure(&format!("profile: {name}"), "profile: ./mine.yaml");
    site.run(&["profile", "check", "mine.yaml"]).assert_exit(0);
    site.locate(&["--json", "--no-tables"])
        .assert_located(&site);
}

#[test]
fn a_bitmap_with_the_lowest_bit_first_a_port_zero_and_trimmed_zeros_works_from_yaml_alone() {
    is_found_with(
        "acme-bits",
        include_str!("unseen/acme-bits.yaml"),
        include_str!("unseen/acme-bits.lab.yaml"),
    );
}

#[test]
fn a_text_list_in_a_row_that_is_made_step_by_step_works_from_yaml_alone() {
    is_found_with(
        "acme-text",
        include_str!("unseen/acme-text.yaml"),
        include_str!("unseen/acme-text.lab.yaml"),
    );
}
