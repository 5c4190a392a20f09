//! Any datagram from anyone, as far as the media port looks before it knows whose it is.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = beffroi_sfu::stun_username(bytes);
});
