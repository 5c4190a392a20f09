//! Namespaces, each with where it is defined.

/// RFC 6120 §4.8.2: stanzas of a client.
pub const CLIENT: &str = "jabber:client";
/// RFC 7395 §3.4: `<open/>` and `<close/>`.
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// RFC 6120 §4.8.1: features and errors of a stream.
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// RFC 6120 §4.9.2.
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// RFC 6120 §8.3.2.
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// RFC 6120 §6.4.
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// RFC 6120 §7.3.1.
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// RFC 3921 §3, kept by old clients.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// RFC 6121 §2.
pub const ROSTER: &str = "jabber:iq:roster";
/// XEP-0004.
pub const DATA: &str = "jabber:x:data";
/// XEP-0033: who else a message was for, which some clients believe.
pub const ADDRESSES: &str = "http://jabber.org/protocol/address";
/// XEP-0091: what delays were before XEP-0203, still read by some clients.
pub const OLD_DELAY: &str = "jabber:x:delay";
/// XEP-0030.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030.
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// XEP-0045.
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// XEP-0045.
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0045.
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// XEP-0045.
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// XEP-0054.
pub const VCARD: &str = "vcard-temp";
/// XEP-0059.
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// XEP-0085.
pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// XEP-0199.
pub const PING: &str = "urn:xmpp:ping";
/// XEP-0203.
pub const DELAY: &str = "urn:xmpp:delay";
/// XEP-0258.
pub const LABEL: &str = "urn:xmpp:sec-label:0";
/// XEP-0280.
pub const CARBONS: &str = "urn:xmpp:carbons:2";
/// XEP-0297.
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// XEP-0313.
pub const MAM: &str = "urn:xmpp:mam:2";
/// XEP-0313 §4.1.3: the fields `before-id`, `after-id` and `ids`.
pub const MAM_EXTENDED: &str = "urn:xmpp:mam:2#extended";
/// XEP-0333.
pub const MARKERS: &str = "urn:xmpp:chat-markers:0";
/// XEP-0334.
pub const HINTS: &str = "urn:xmpp:hints";
/// XEP-0359.
pub const SID: &str = "urn:xmpp:sid:0";
/// XEP-0421.
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// docs/protocol.md, events of a room.
pub const ROOM: &str = "urn:beffroi:room:0";
/// Which rule of the policy refused.
pub const POLICY: &str = "urn:beffroi:policy:0";
/// docs/protocol.md, meetings.
pub const MEETING: &str = "urn:beffroi:meeting:0";
/// XML 1.0 namespaces §3.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// XML 1.0 namespaces §3.
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// All that is understood here, the usual first: a parsed element borrows its namespace from this list.
pub(crate) const KNOWN: [&str; 31] = [
    CLIENT,
    CHAT_STATES,
    SID,
    MARKERS,
    ROOM,
    MEETING,
    MAM,
    RSM,
    DATA,
    PING,
    FRAMING,
    SASL,
    BIND,
    SESSION,
    ROSTER,
    DISCO_INFO,
    DISCO_ITEMS,
    MUC,
    MUC_USER,
    MUC_ADMIN,
    MUC_OWNER,
    VCARD,
    DELAY,
    LABEL,
    CARBONS,
    FORWARD,
    HINTS,
    STREAM,
    STREAM_ERRORS,
    STANZA_ERRORS,
    OCCUPANT_ID,
];
