//! Passkeys: a question for the browser, then its answer.

use super::Problem;
use super::edge::{Body, Changing, ChangingItself, Edge, Outside, Peer};
use super::factors::{added, named};
use super::session::{agent, here, welcome};
use crate::clock;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use beffroi_app::Question;
use beffroi_domain::Tenant;
use beffroi_identity::passkey::{RelyingParty, place};
use serde::Deserialize;
use serde_json::{Value, json};

/// Us, as a browser on the tenant's page knows us.
fn us(edge: &Edge, tenant: &Tenant) -> Result<RelyingParty, Problem> {
    let place = place(&edge.place.public_url(tenant.domain.as_str()), tenant.domain.as_str());
    let place = place.map_err(|wrong| Problem::new(StatusCode::CONFLICT, "conflict", wrong.to_string()))?;
    Ok(RelyingParty::new(place, &tenant.name))
}

/// Whose door a request came to, and us as a browser there knows us. Several bodies may share one address: none
/// is meant then, and passkeys are those that were made for the address itself.
async fn page(edge: &Edge, headers: &HeaderMap) -> Result<(Option<Tenant>, RelyingParty), Problem> {
    if let Some(tenant) = here(edge, headers).await? {
        let us = us(edge, &tenant)?;
        return Ok((Some(tenant), us));
    }
    let shared = edge.place.settings.listen.public_url.as_str();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let ours = place(shared, name).ok().filter(|place| place.rp_id() == name);
    let ours = ours.ok_or_else(|| Problem::not_found("organisation"))?;
    Ok((None, RelyingParty::new(ours, name)))
}

fn asked(question: &Question) -> Result<Json<Value>, Problem> {
    let options: Value = serde_json::from_str(&question.options).unwrap_or_default();
    Ok(Json(json!({"token": question.token, "options": options})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    token: String,
    answer: Value,
}

pub async fn begin_sign_in(
    _: Outside,
    State(edge): State<Edge>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let (tenant, us) = page(&edge, &headers).await?;
    asked(&edge.app.begin_passkey_sign_in(tenant.as_ref(), &us, clock::now()).await?)
}

pub async fn sign_in(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Answered>,
) -> Result<Response, Problem> {
    let (tenant, us) = page(&edge, &headers).await?;
    let answer = given.answer.to_string();
    let (origin, agent) = (peer.origin(), agent(&headers));
    let given = (given.token.as_str(), answer.as_bytes());
    let signed_in =
        edge.app.passkey_sign_in(tenant.as_ref(), &us, given, &origin, agent, clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}

pub async fn begin_proof(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
) -> Result<Json<Value>, Problem> {
    let us = us(&edge, &caller.tenant)?;
    asked(&edge.app.begin_passkey_proof(&caller, &us, clock::now()).await?)
}

pub async fn prove(
    State(edge): State<Edge>,
    ChangingItself(caller): ChangingItself,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Answered>,
) -> Result<Response, Problem> {
    let us = us(&edge, &caller.tenant)?;
    let answer = given.answer.to_string();
    let given = (given.token.as_str(), answer.as_bytes());
    let signed_in = edge.app.passkey_proof(&caller, &us, given, agent(&headers), clock::now()).await?;
    welcome(&edge, peer, signed_in).await
}

pub async fn begin(
    State(edge): State<Edge>,
    Changing(caller): Changing,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let us = us(&edge, &caller.tenant)?;
    Ok((StatusCode::CREATED, asked(&edge.app.begin_passkey(&caller, &us, clock::now()).await?)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    token: String,
    answer: Value,
    name: String,
}

pub async fn confirm(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    peer: Peer,
    headers: HeaderMap,
    Body(made): Body<Made>,
) -> Result<Response, Problem> {
    let (us, name) = (us(&edge, &caller.tenant)?, named(&made.name)?);
    let answer = made.answer.to_string();
    let given = (made.token.as_str(), answer.as_bytes());
    let confirmed =
        edge.app.confirm_passkey(&caller, &us, given, &name, agent(&headers), clock::now()).await?;
    added(&edge, peer, confirmed).await
}
