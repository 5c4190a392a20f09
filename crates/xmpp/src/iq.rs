//! Answers. RFC 6120 §8.2.3 and §8.3; XEP-0199: XMPP Ping, version 2.0.1, is an empty result.

use crate::error::{Condition, StanzaError};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{Iq, IqRequest, Unfit};
use crate::xml::Xml;

/// An open `<iq type='result'>`; an empty `from` (the account itself answers) is left out.
pub(crate) fn reply<'n>(id: &str, from: &str, to: &str) -> Xml<'n> {
    let mut x = Xml::new();
    x.open("iq", ns::CLIENT).attr("type", "result").attr("id", id);
    x.attr_if("from", (!from.is_empty()).then_some(from)).attr("to", to);
    x
}

/// Done, nothing to say.
pub fn result(id: &str, from: &str, to: &str) -> String {
    reply(id, from, to).finish()
}

/// Not done. `from` is what the request was sent to; empty for the account itself.
pub fn error(id: &str, from: &str, to: &str, error: &StanzaError) -> String {
    refuse("iq", Some(id), from, to, error)
}

/// A message that went nowhere; `id` is the sender's.
pub fn message_error(id: Option<&str>, from: &str, to: &str, error: &StanzaError) -> String {
    refuse("message", id, from, to, error)
}

/// A presence that went nowhere, such as a room that is not entered (XEP-0045 §7.2); `from` is the
/// address it was sent to, with the nick.
pub fn presence_error(id: Option<&str>, from: &str, to: &str, error: &StanzaError) -> String {
    refuse("presence", id, from, to, error)
}

/// The answer to a stanza that could not be decoded, if it may have one.
pub fn unfit(unfit: &Unfit, to: &str) -> Option<String> {
    let error = unfit.error.as_ref()?;
    Some(refuse(unfit.stanza, unfit.id.as_deref(), unfit.to.as_deref().unwrap_or_default(), to, error))
}

fn refuse(stanza: &str, id: Option<&str>, from: &str, to: &str, error: &StanzaError) -> String {
    let mut x = Xml::new();
    x.open(stanza, ns::CLIENT).attr("type", "error").attr_if("id", id);
    x.attr_if("from", (!from.is_empty()).then_some(from)).attr("to", to);
    error.write(&mut x);
    x.finish()
}

/// The answer to what the same answer fits everywhere: ping and session succeed, an owner's or
/// administrator's form is refused (rooms are governed over HTTP), a node of service discovery is not
/// found (XEP-0030 §7: nothing here has nodes), what is not understood is unavailable (RFC 6120 §8.4). `None` for what the server answers itself. `me` is the asker's full address.
///
/// So is a ping to an occupant: whether the asker is in the room decides (XEP-0410 §3.3), and everything
/// for another server.
pub fn plain(iq: &Iq, me: &str) -> Option<String> {
    let home = me.split_once('@').map_or(me, |(_, rest)| rest);
    let home = home.split_once('/').map_or(home, |(domain, _)| domain);
    let home = home.strip_prefix("guests.").unwrap_or(home);
    if let Some(to) = &iq.to {
        let (prefix, is_home) = to.domain.strip_suffix(home).map_or(("", false), |prefix| (prefix, true));
        let to_occupant = prefix == "rooms." && to.resource.is_some();
        if !is_home
            || !matches!(prefix, "" | "rooms." | "guests.")
            || (to_occupant && iq.request == IqRequest::Ping)
        {
            return None;
        }
    }
    let from = iq.to.as_ref().map(Jid::to_string).unwrap_or_default();
    let refuse = |condition, text: &str| Some(error(&iq.id, &from, me, &StanzaError::new(condition, text)));
    match &iq.request {
        IqRequest::Ping | IqRequest::Session => Some(result(&iq.id, &from, me)),
        IqRequest::MucOwnerOrAdmin => refuse(Condition::NotAllowed, "rooms are governed on the web page"),
        IqRequest::DiscoInfo { node: Some(_) } | IqRequest::DiscoItems { node: Some(_) } => {
            refuse(Condition::ItemNotFound, "nothing here has nodes")
        }
        IqRequest::Vcard | IqRequest::Unknown { .. } => refuse(Condition::ServiceUnavailable, ""),
        _ => None,
    }
}
