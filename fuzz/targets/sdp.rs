//! Any bytes as the offer with which a browser joins a meeting: read, and answered when it can be.
#![no_main]

use std::sync::LazyLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;

/// One moment for all inputs, so that a finding is found again.
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

fuzz_target!(|bytes: &[u8]| {
    beffroi_sfu::read_anything(bytes);
    beffroi_sfu::answer_anything(bytes, *NOW);
});
