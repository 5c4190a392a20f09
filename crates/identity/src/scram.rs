//! SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side: the client's first message gives a [`First`],
//! our challenge an [`Exchange`], the client's second message a [`Proof`].
//!
//! One person has several application passwords and SCRAM sends one salt before it knows which is meant:
//! an account has one salt, and the proof is held against all of its keys. As many are tried for an account
//! with none, or for nobody, so that neither the answer nor its time tells who is here.
//!
//! No channel binding: TLS may end in a proxy before this server, which then knows nothing of the channel
//! that the client sees. A mechanism `-PLUS` is not offered, so a client says `n` or `y`; `p` is a mistake.

use crate::application_password::{Keys, MOST, SPELLINGS, mac, sha256};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;

/// Bytes of a message of the client: an address, two nonces, a proof.
const MOST_BYTES: usize = 1024;
/// Characters of a client's nonce.
const MOST_NONCE: usize = 256;

/// Why a try ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what RFC 5802 §7 describes, or asks for what is not offered.
    #[error("this is no SCRAM message that can be answered here")]
    Malformed,
    /// The proof opens nothing.
    #[error("the proof is not right")]
    Wrong,
}

/// What the client said first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// Who it says it is, as written.
    pub username: String,
    /// Whom it wants to act as, if it says.
    pub authzid: Option<String>,
    header: String,
    bare: String,
    nonce: String,
}

/// Reads the client's first message.
///
/// # Errors
/// `Malformed`.
pub fn first(message: &[u8]) -> Result<First, Refused> {
    read_first(message).ok_or(Refused::Malformed)
}

fn text(message: &[u8]) -> Option<&str> {
    (message.len() <= MOST_BYTES).then_some(())?;
    std::str::from_utf8(message).ok()
}

fn read_first(message: &[u8]) -> Option<First> {
    let message = text(message)?;
    let (binding, rest) = message.split_once(',')?;
    if binding != "n" && binding != "y" {
        return None;
    }
    let (authzid, bare) = rest.split_once(',')?;
    let header = message[..message.len() - bare.len()].to_owned();
    let authzid = match authzid {
        "" => None,
        named => Some(name(named.strip_prefix("a=")?)?),
    };
    let mut parts = bare.split(',');
    // `m=` before the name would be an extension that we must understand, and do not.
    let username = name(parts.next()?.strip_prefix("n=")?)?;
    let nonce = parts.next()?.strip_prefix("r=")?;
    let printable = !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic());
    if !printable || nonce.len() > MOST_NONCE {
        return None;
    }
    Some(First { username, authzid, header, bare: bare.to_owned(), nonce: nonce.to_owned() })
}

/// A name with `=2C` for a comma and `=3D` for the sign itself.
fn name(written: &str) -> Option<String> {
    let mut parts = written.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = part.split_at_checked(2)?;
        name.push(match sign {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        name.push_str(rest);
    }
    (!name.is_empty()).then_some(name)
}

/// A challenge that waits for its answer. Good for one.
#[derive(Debug)]
pub struct Exchange {
    header: String,
    nonce: String,
    /// The two messages so far, as they are signed.
    said: String,
    passwords: Vec<Vec<Keys>>,
}

/// A proof that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which of the passwords, in the order in which they were given.
    pub which: usize,
    /// Our last message: what shows the client that we know the keys.
    pub last: String,
}

impl First {
    /// The challenge, and who waits for its answer. `passwords` are the keys of each password of the
    /// account, none for nobody; all were made with this `salt` and `iterations`. `ours` is our half of the
    /// nonce, printable and used once.
    pub fn challenge(
        self,
        passwords: Vec<Vec<Keys>>,
        salt: &[u8],
        iterations: NonZeroU32,
        ours: &str,
    ) -> (Exchange, String) {
        let nonce = self.nonce + ours;
        let challenge = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        let said = format!("{},{challenge}", self.bare);
        (Exchange { header: self.header, nonce, said, passwords }, challenge)
    }
}

impl Exchange {
    /// Takes the client's second message.
    ///
    /// # Errors
    /// `Malformed`, or `Wrong` for a proof that opens nothing and for nobody alike.
    pub fn finish(self, message: &[u8]) -> Result<Proof, Refused> {
        let (said, proof) = self.read_final(message).ok_or(Refused::Malformed)?;
        let mut right = None;
        let nothing = Keys { stored: [0; 32], server: [0; 32] };
        for place in 0..MOST * SPELLINGS {
            let (which, spelling) = (place / SPELLINGS, place % SPELLINGS);
            let kept = self.passwords.get(which).and_then(|keys| keys.get(spelling));
            let keys = kept.unwrap_or(&nothing);
            let signature = mac(&keys.stored, said.as_bytes());
            let client: [u8; 32] = std::array::from_fn(|at| proof[at] ^ signature[at]);
            let fits = verify_slices_are_equal(&sha256(&client), &keys.stored).is_ok();
            if fits && kept.is_some() {
                right = Some((which, keys.server));
            }
        }
        let (which, server) = right.ok_or(Refused::Wrong)?;
        let last = format!("v={}", STANDARD.encode(mac(&server, said.as_bytes())));
        Ok(Proof { which, last })
    }

    /// Everything that is signed, and the proof.
    fn read_final(&self, message: &[u8]) -> Option<(String, [u8; 32])> {
        let message = text(message)?;
        let (unproven, proof) = message.rsplit_once(",p=")?;
        let mut parts = unproven.split(',');
        // The header again, so that nobody in between changed what the client offered.
        let header = STANDARD.decode(parts.next()?.strip_prefix("c=")?).ok()?;
        let nonce = parts.next()?.strip_prefix("r=")?;
        if header != self.header.as_bytes() || nonce != self.nonce {
            return None;
        }
        let proof = STANDARD.decode(proof).ok()?.try_into().ok()?;
        Some((format!("{},{unproven}", self.said), proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application_password::{ITERATIONS, keys_of};
    use proptest::prelude::*;

    // RFC 7677 §3.
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const OURS: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn challenged(first_said: &str, passwords: &[&str]) -> (Exchange, String) {
        let salt = STANDARD.decode(SALT).unwrap();
        let keys = passwords.iter().map(|p| vec![keys_of(p.as_bytes(), &salt, ITERATIONS)]).collect();
        first(first_said.as_bytes()).unwrap().challenge(keys, &salt, ITERATIONS, OURS)
    }

    #[test]
    fn the_example_of_rfc_7677() {
        let (exchange, challenge) = challenged(FIRST, &["another", "pencil"]);
        assert_eq!(
            challenge,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let proof = exchange.finish(FINAL.as_bytes()).unwrap();
        assert_eq!(proof, Proof { which: 1, last: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".into() });
    }

    #[test]
    fn a_wrong_proof_and_nobody_are_told_alike() {
        for passwords in [&["pencils"][..], &[]] {
            let (exchange, _) = challenged(FIRST, passwords);
            assert_eq!(exchange.finish(FINAL.as_bytes()), Err(Refused::Wrong));
        }
        // The decoys in the places of missing keys open for nobody: not even for the proof that fits zeros.
        let (exchange, _) = challenged(FIRST, &[]);
        let unproven = FINAL.rsplit_once(",p=").unwrap().0;
        let signature = mac(&[0; 32], format!("{},{unproven}", exchange.said).as_bytes());
        let forged = format!("{unproven},p={}", STANDARD.encode(signature));
        assert_eq!(exchange.finish(forged.as_bytes()), Err(Refused::Wrong));
    }

    #[test]
    fn what_is_no_first_message_is_refused() {
        for (said, why) in [
            ("", "nothing"),
            ("n,,n=user", "no nonce"),
            ("n,,n=user,r=", "an empty nonce"),
            ("n,,n=user,r=a b", "a space in the nonce"),
            ("n,,n=,r=abc", "no name"),
            ("n,,n=a=2Db,r=abc", "a sign that is none"),
            ("n,,n=a=2,r=abc", "half a sign"),
            ("n,,n=a=é,r=abc", "a sign in the middle of a letter"),
            ("n,,m=ext,n=user,r=abc", "an extension that must be understood"),
            ("n,b=user,n=user,r=abc", "something else than an authzid"),
            ("n,a=,n=user,r=abc", "an empty authzid"),
            ("p=tls-exporter,,n=user,r=abc", "channel binding, which was not offered"),
            ("x,,n=user,r=abc", "no flag"),
        ] {
            assert_eq!(first(said.as_bytes()), Err(Refused::Malformed), "{why}");
        }
        assert_eq!(first(&[b'n', b',', b',', 0xff]), Err(Refused::Malformed), "not UTF-8");
        let long = format!("n,,n={},r=abc", "x".repeat(MOST_BYTES));
        assert_eq!(first(long.as_bytes()), Err(Refused::Malformed), "too long");
    }

    #[test]
    fn names_are_read_with_their_signs() {
        let read = first(b"y,a=bob@demo.localhost,n=a=2Cb=3Dc,r=abc,x=later").unwrap();
        assert_eq!((read.username.as_str(), read.authzid.as_deref()), ("a,b=c", Some("bob@demo.localhost")));
    }

    #[test]
    fn what_was_agreed_must_be_said_again() {
        for (said, why) in [
            (FINAL.replace("c=biws", "c=eSws"), "another binding flag than at first"),
            (FINAL.replace("c=biws", "c=!"), "no base64"),
            (FINAL.replace("r=rOpr", "r=rOps"), "another nonce"),
            (FINAL.replace("$k0", ""), "only a part of the nonce"),
            (FINAL.replace(",p=dHzb", ",p="), "a proof that is too short"),
            (FINAL.rsplit_once(",p=").unwrap().0.to_owned(), "no proof"),
            (String::new(), "nothing"),
        ] {
            let (exchange, _) = challenged(FIRST, &["pencil"]);
            assert_eq!(exchange.finish(said.as_bytes()), Err(Refused::Malformed), "{why}");
        }
        // A client that could bind and was told that we cannot.
        let (exchange, _) = challenged("y,,n=user,r=rOprNGfwEbeRWgbNEkqO", &["pencil"]);
        assert_eq!(exchange.finish(FINAL.as_bytes()), Err(Refused::Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(said in prop::collection::vec(any::<u8>(), 0..80), then in "(c=[a-z]{0,8})?,?(r=[!-~]{0,60})?,?(p=[A-Za-z0-9+/=]{0,60})?") {
            let _ = first(&said);
            let (exchange, _) = challenged(FIRST, &[]);
            prop_assert!(exchange.finish(then.as_bytes()).is_err());
            let (exchange, _) = challenged(FIRST, &[]);
            prop_assert!(exchange.finish(&said).is_err());
        }
    }
}
