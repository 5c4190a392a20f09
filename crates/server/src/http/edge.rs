//! What every handler is given, and who is at the door.

use crate::clock;
use crate::http::Problem;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::postman;
use crate::settings::Place;
use aws_lc_rs::{constant_time, hmac};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beffroi_app::{App, Caller, Origin};
use beffroi_policy::Asked;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Name of the session's cookie.
pub const COOKIE: &str = "beffroi_session";
/// Name of the cookie that a browser is known by to the growing wait. It opens nothing.
pub const KNOWN: &str = "beffroi_known";

/// Everything that a handler needs.
#[derive(Clone)]
pub struct Edge {
    /// The use cases.
    pub app: App,
    /// Streams and meetings.
    pub hub: Hub,
    /// Where this server is and its settings.
    pub place: Arc<Place>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where letters are asked for; nowhere when no mail server is set.
    pub postman: Option<postman::Door>,
}

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection(pub SocketAddr);

/// Who asks: the other end of the connection, and what the browser shows to be known by.
#[derive(Clone, Debug)]
pub struct Peer {
    connection: Connection,
    known: Option<beffroi_app::Secret>,
}

impl Peer {
    pub fn origin(&self) -> Origin {
        Origin::of(self.connection.0.ip()).showing(self.known.clone())
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let connection = parts.extensions.get::<Connection>().copied();
        let connection = connection.expect("the listener says who is at the other end of every request");
        Ok(Self { connection, known: named(&parts.headers, KNOWN).map(Into::into) })
    }
}

/// Whose session a request comes with, when its lock and the charter let it ask for that.
async fn reading(parts: &mut Parts, edge: &Edge, asked: Asked) -> Result<Caller, Problem> {
    let peer = Peer::from_request_parts(parts, edge).await?;
    let token = token(&parts.headers).ok_or_else(Problem::signed_out)?;
    let caller = edge.app.caller(token, &peer.origin(), clock::now()).await?;
    let caller = caller.ok_or_else(Problem::signed_out)?;
    beffroi_store::bind(caller.tenant.id);
    edge.app.admit(&caller, asked)?;
    Ok(caller)
}

/// The same for a change: their page sent the request, not somebody else's.
async fn changing(parts: &mut Parts, edge: &Edge, asked: Asked) -> Result<Caller, Problem> {
    same_origin(&parts.headers)?;
    // Who forges a request learns nothing of the lock: the token is asked for first.
    let caller = reading(parts, edge, Asked::Itself).await?;
    let expected = csrf(token(&parts.headers).unwrap_or_default());
    let given = parts.headers.get("x-csrf-token").map(|v| v.as_bytes()).unwrap_or_default();
    if constant_time::verify_slices_are_equal(expected.as_bytes(), given).is_err() {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "this request did not come from a page of this server; load the page again",
        ));
    }
    edge.app.admit(&caller, asked)?;
    edge.app.used(&caller, clock::now()).await?;
    Ok(caller)
}

macro_rules! callers { ($($(#[doc = $doc:literal])+ $name:ident by $how:ident asking $asked:ident;)+) => { $(
    $(#[doc = $doc])+
    pub struct $name(pub Caller);

    impl FromRequestParts<Edge> for $name {
        type Rejection = Problem;
        async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
            $how(parts, edge, Asked::$asked).await.map(Self)
        }
    }
)+ } }

callers! {
    /// A signed-in person who reads.
    Reading by reading asking Anything;
    /// A signed-in person who changes something.
    Changing by changing asking Anything;
    /// The same before the charter is accepted.
    ReadingCharter by reading asking Charter;
    /// The same before the charter is accepted.
    ChangingCharter by changing asking Charter;
    /// Whoever's session it is, locked or not: who they are, what opens it.
    ReadingItself by reading asking Itself;
    /// Whoever's session it is, locked or not: opening it, ending it.
    ChangingItself by changing asking Itself;
}

/// A change at a door without a session: only the page's own origin may ask.
pub struct Outside;

impl<S: Sync> FromRequestParts<S> for Outside {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        same_origin(&parts.headers).map(|()| Self)
    }
}

/// A JSON body; what it lacks or has too much of is said in the answer.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Edge> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, edge: &Edge) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let too_large =
            || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "a request has at most 64 KiB");
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), edge).await;
        let bytes = bytes.map_err(|wrong| match wrong.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => Problem::new(StatusCode::BAD_REQUEST, "invalid", wrong.body_text()),
        })?;
        // An array with nothing in it would pass for an object of which nothing is given.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first != b'{') {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", "the body is a JSON object"));
        }
        match axum::Json::<T>::from_request(Request::from_parts(parts, bytes.into()), edge).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(wrong) if wrong.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
            Err(wrong) => Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", wrong.body_text())),
        }
    }
}

/// The largest whole number that every reader of JSON holds exactly (RFC 8259 §6).
pub const MOST_NUMBER: i64 = (1 << 53) - 1;

/// Refuses a number of a query that is outside its bounds.
pub fn within<N: PartialOrd + Display>(
    what: &str,
    number: Option<N>,
    bounds: RangeInclusive<N>,
) -> Result<(), Problem> {
    match number {
        Some(number) if !bounds.contains(&number) => {
            let (least, most) = bounds.into_inner();
            Err(Problem::invalid(format!("`{what}` is {number} and goes from {least} to {most}")))
        }
        _ => Ok(()),
    }
}

/// Reads a field that may be left out, and that is something when it is there: `null` is not.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// Reads a whole number, however it is written: `78`, and `78.0` too, is one to JSON Schema.
pub fn whole<'de, D: Deserializer<'de>>(field: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(field)?;
    let most = MOST_NUMBER as f64;
    let float = number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..=most).contains(f));
    let read = number.as_u64().or_else(|| float.map(|f| f as u64));
    read.ok_or_else(|| serde::de::Error::custom(format!("{number} is not a whole number from 0")))
}

/// The same for what may be left out.
pub fn whole_given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<u64>, D::Error> {
    whole(field).map(Some)
}

/// The same, where `null` says something too: without limit.
pub fn whole_or_null<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<u64>>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole")] u64);
    Ok(Some(Option::<Whole>::deserialize(field)?.map(|Whole(number)| number)))
}

/// The session token in the cookie, if any.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    named(headers, COOKIE)
}

fn named<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let cookies =
        headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    cookies.filter_map(|c| c.trim().split_once('=')).find(|(name, _)| *name == cookie).map(|(_, value)| value)
}

/// What a page must send with a change. Derived from the session's token, which no script can read.
pub fn csrf(token: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"beffroi csrf"))
}

/// Refuses a request that a page of another origin sent.
pub fn same_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let refused =
        || Problem::new(StatusCode::FORBIDDEN, "origin", "this request came from the page of another server");
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(refused());
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().map_err(|_| refused())?;
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).ok_or_else(refused)?;
    let said = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    if said.is_some_and(|said| said.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(refused()) }
}

/// Counts requests by method and kind of answer.
pub async fn counted(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let response = next.run(request).await;
    let changes = !matches!(method, Method::GET | Method::HEAD);
    edge.metrics.request(changes, response.status().as_u16());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (header::HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_own_origin_may_change_something() {
        let host = ("host", "demo.localhost:8440");
        for (given, fine) in [
            (headers(&[host]), true),
            (headers(&[host, ("origin", "http://demo.localhost:8440")]), true),
            (headers(&[host, ("origin", "https://DEMO.localhost:8440")]), true),
            (headers(&[host, ("origin", "http://demo.localhost:8441")]), false),
            (headers(&[host, ("origin", "http://evil.example")]), false),
            (headers(&[host, ("origin", "null")]), false),
            (headers(&[host, ("sec-fetch-site", "cross-site")]), false),
            (headers(&[host, ("sec-fetch-site", "same-site")]), false),
            (headers(&[host, ("sec-fetch-site", "same-origin")]), true),
        ] {
            assert_eq!(same_origin(&given).is_ok(), fine, "{given:?}");
        }
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let jar = headers(&[("cookie", "a=b; beffroi_session=tok; c=d")]);
        assert_eq!(token(&jar), Some("tok"));
        assert_eq!(token(&headers(&[("cookie", "xbeffroi_session=tok")])), None);
        assert_ne!(csrf("one"), csrf("two"));
    }
}
