//! Any bytes as the offer with which a browser joins a meeting.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| beffroi_sfu::read_anything(bytes));
