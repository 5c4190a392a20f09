//! Signing in and out, and the sessions of a person.

use super::edge::{
    Body, COOKIE, Changing, ChangingCharter, ChangingItself, Edge, KNOWN, Outside, Peer, Reading,
    ReadingItself, token,
};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use beffroi_app::{Caller, Code, Entered, Person, SignedIn};
use beffroi_domain::Tenant;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    address: String,
    password: beffroi_app::Secret,
}

pub async fn page(State(edge): State<Edge>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let tenant = here(&edge, &headers).await?;
    Ok(Json(json!({"tenant": tenant.as_ref().map(shapes::tenant), "mail": edge.postman.is_some()})))
}

/// The tenant whose page this is.
pub async fn here(edge: &Edge, headers: &HeaderMap) -> Result<Option<Tenant>, Problem> {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let store = edge.app.store();
    match store.tenant_by_domain(name).await? {
        Some(tenant) => Ok(Some(tenant)),
        // One body on this machine: whatever name the page was reached by, it is theirs.
        None => Ok(store.only_tenant().await?),
    }
}

pub async fn open(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Credentials>,
) -> Result<Response, Problem> {
    let entered = edge
        .app
        .sign_in(&given.address, given.password, &peer.origin(), agent(&headers), clock::now())
        .await?;
    entered_by(&edge, peer, entered).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    address: String,
}

/// A link by mail for somebody who forgot their password: the same answer, whoever they say to be.
pub async fn forgotten(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    Body(given): Body<Forgotten>,
) -> Result<StatusCode, Problem> {
    edge.app.ask_forgotten(&given.address, &peer.origin(), clock::now()).await?;
    if let Some(postman) = &edge.postman {
        postman.forgotten(given.address, peer.origin());
    }
    Ok(StatusCode::ACCEPTED)
}

/// Answers a first step that was right: in, or what else is asked for.
pub async fn entered_by(edge: &Edge, peer: Peer, entered: Entered) -> Result<Response, Problem> {
    match entered {
        Entered::In(signed_in) => welcome(edge, peer, signed_in).await,
        Entered::Second(step) => {
            let ways: Vec<_> = step.ways.iter().map(|way| way.word()).collect();
            let body =
                json!({"kind": "second-step", "token": step.token, "ways": ways, "expires_us": step.expires});
            Ok(Json(body).into_response())
        }
    }
}

/// Something typed as a proof: `kind` says what it is.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum GivenCode {
    Totp { code: String },
    Recovery { code: String },
    Email { code: String },
    Password { password: beffroi_app::Secret },
}

impl From<GivenCode> for Code {
    fn from(given: GivenCode) -> Self {
        match given {
            GivenCode::Totp { code } => Self::Totp(code),
            GivenCode::Recovery { code } => Self::Recovery(code),
            GivenCode::Email { code } => Self::Email(code),
            GivenCode::Password { password } => Self::Password(password),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    token: String,
    proof: GivenCode,
}

pub async fn second(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Second>,
) -> Result<Response, Problem> {
    let (origin, agent) = (peer.origin(), agent(&headers));
    let code = given.proof.into();
    let signed_in = edge.app.second_step(&given.token, &code, &origin, agent, clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeAsked {
    token: String,
}

/// Sends a code by mail for a sign-in under way.
pub async fn send_second(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<CodeAsked>,
) -> Result<StatusCode, Problem> {
    edge.app.send_sign_in_code(&given.token, &peer.origin(), agent(&headers), clock::now()).await?;
    Ok(sent(&edge))
}

/// Sends a code by mail to prove once more who one is.
pub async fn send_proof(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    edge.app.send_proof_code(&caller, agent(&headers), clock::now()).await?;
    Ok(sent(&edge))
}

/// A letter was written: the postman need not wait for the next round.
pub fn sent(edge: &Edge) -> StatusCode {
    if let Some(postman) = &edge.postman {
        postman.hurry();
    }
    StatusCode::ACCEPTED
}

pub async fn ways(
    State(edge): State<Edge>,
    ReadingItself(caller): ReadingItself,
) -> Result<Json<Value>, Problem> {
    let ways = edge.app.own_ways(&caller).await?;
    Ok(Json(ways.iter().map(|way| way.word()).collect()))
}

pub async fn prove(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<GivenCode>,
) -> Result<Response, Problem> {
    let signed_in = edge.app.prove(&caller, given.into(), agent(&headers), clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}

/// Answers someone who just signed in: who they are, and the cookie.
pub async fn welcome(edge: &Edge, peer: Peer, signed_in: SignedIn) -> Result<Response, Problem> {
    let caller = edge
        .app
        .caller(&signed_in.token, &peer.origin(), clock::now())
        .await?
        .ok_or_else(Problem::signed_out)?;
    let body = described(edge, &caller, &signed_in.token).await?;
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&signed_in.token));
    if let Some(browser) = &signed_in.browser {
        response.headers_mut().append(header::SET_COOKIE, known(browser));
    }
    Ok(response)
}

/// The cookie that a browser is known by for a year to the growing wait, at the routes where somebody proves
/// something. It is never sent along from the page of another site.
fn known(tokens: &beffroi_app::Secret) -> HeaderValue {
    let tokens = tokens.expose_secret();
    let cookie = format!("{KNOWN}={tokens}; Path=/api; HttpOnly; Secure; SameSite=Strict; Max-Age=31536000");
    HeaderValue::from_str(&cookie).expect("tokens are base64url, with dots between them")
}

/// The cookie of a session's token.
pub fn cookie(token: &str) -> HeaderValue {
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; Secure; SameSite=Lax");
    HeaderValue::from_str(&cookie).expect("a token is base64url")
}

pub async fn described(edge: &Edge, caller: &Caller, token: &str) -> Result<Value, Problem> {
    let visited = match &caller.person {
        Person::Guest(guest) => edge.app.store().room(guest.room).await?,
        Person::Account(_) => None,
    };
    let mut body = shapes::session(caller, token, visited.as_ref());
    if let Person::Account(account) = &caller.person {
        let person = |(address, name): (String, String)| json!({"address": address, "name": name});
        let helper = caller.helper.as_ref().map(|one| (one.address.to_string(), one.name.to_string()));
        body["helper"] = json!(helper.map(person));
        body["helped_by"] = match caller.helper {
            Some(_) => Value::Null,
            None => json!(edge.app.store().helped_now(account.id, clock::now()).await?.map(person)),
        };
    }
    Ok(body)
}

pub async fn show(
    State(edge): State<Edge>,
    headers: HeaderMap,
    ReadingItself(caller): ReadingItself,
) -> Result<Json<Value>, Problem> {
    Ok(Json(described(&edge, &caller, token(&headers).unwrap_or_default()).await?))
}

pub async fn extend(
    State(edge): State<Edge>,
    headers: HeaderMap,
    ChangingCharter(mut caller): ChangingCharter,
) -> Result<Json<Value>, Problem> {
    edge.app.extend(&mut caller, clock::now()).await?;
    Ok(Json(described(&edge, &caller, token(&headers).unwrap_or_default()).await?))
}

/// Takes the cookie of a session away.
pub const NO_COOKIE: &str = "beffroi_session=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0";

pub async fn close(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
) -> Result<Response, Problem> {
    edge.app.end_session(&caller, caller.session, clock::now()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(NO_COOKIE));
    Ok(response)
}

pub async fn list(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let sessions = edge.app.store().sessions_of(caller.account()?.id).await?;
    let shown = sessions.iter().map(|s| {
        json!({"id": s.id.to_string(), "current": s.id == caller.session, "created_us": s.created, "last_used_us": s.last_used,
            "agent": s.agent, "place": s.place,
            "application": s.application.is_some(), "factor": s.factor.word()})
    });
    Ok(Json(shown.collect()))
}

pub async fn end(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("session"))?;
    edge.app.end_session(&caller, id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    old: beffroi_app::Secret,
    new: beffroi_app::Secret,
}

pub async fn change_password(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(given): Body<NewPassword>,
) -> Result<Response, Problem> {
    let browser = edge.app.change_password(&caller, given.old, given.new, clock::now()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, known(&browser));
    Ok(response)
}

/// How the browser names itself.
pub fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default()
}
