//! The one thing that a demultiplexer must read in a STUN message: whom it is for.

const HEADER: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;

/// The receiver's half of the `USERNAME` of a STUN binding request: the `ice-ufrag` of our answer.
///
/// Source: RFC 8489 §5 and §14, RFC 8445 §7.2.2 (`USERNAME` is `receiver:sender`). Nothing is verified
/// here: the message integrity is checked by ICE before an address is believed.
pub fn stun_username(datagram: &[u8]) -> Option<&str> {
    let header = datagram.get(..HEADER)?;
    let is_binding_request = header[0] == 0 && header[1] == 1;
    if !is_binding_request || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    let mut rest = &datagram[HEADER..];
    while let Some((head, tail)) = rest.split_at_checked(4) {
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = tail.get(..length)?;
        if kind == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = tail.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        out.extend([7; 12]);
        for (kind, value) in attributes {
            out.extend(kind.to_be_bytes());
            out.extend((value.len() as u16).to_be_bytes());
            out.extend(*value);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    #[test]
    fn the_receivers_half_is_read() {
        assert_eq!(stun_username(&request(&[(0x0006, b"here:there")])), Some("here"));
        assert_eq!(stun_username(&request(&[(0x8022, b"odd"), (0x0006, b"ab:c")])), Some("ab"));
        assert_eq!(stun_username(&request(&[(0x0006, b"alone")])), Some("alone"));
    }

    #[test]
    fn whatever_is_not_a_request_with_a_name_is_nobodys() {
        assert_eq!(stun_username(&[]), None);
        assert_eq!(stun_username(&request(&[])), None);
        assert_eq!(stun_username(&request(&[(0x8022, b"odd")])), None);
        assert_eq!(stun_username(&request(&[(0x0006, &[0xff, 0xfe])])), None);
        let mut cut = request(&[(0x0006, b"here:there")]);
        cut.truncate(28);
        assert_eq!(stun_username(&cut), None);
        let mut response = request(&[(0x0006, b"here:there")]);
        response[0] = 1;
        assert_eq!(stun_username(&response), None);
    }
}
