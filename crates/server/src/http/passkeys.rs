//! Passkeys: a question for the browser, then its answer.

use super::Problem;
use super::edge::{Body, Changing, ChangingItself, Edge, Outside, Peer};
use super::factors::{added, named};
use super::session::{agent, here, welcome};
use crate::clock;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
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

async fn page(edge: &Edge, headers: &HeaderMap) -> Result<Tenant, Problem> {
    here(edge, headers).await?.ok_or_else(|| Problem::not_found("organisation"))
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
    let tenant = page(&edge, &headers).await?;
    asked(&edge.app.begin_passkey_sign_in(&tenant, &us(&edge, &tenant)?, clock::now()).await?)
}

pub async fn sign_in(
    _: Outside,
    State(edge): State<Edge>,
    peer: Peer,
    headers: HeaderMap,
    Body(given): Body<Answered>,
) -> Result<Response, Problem> {
    let tenant = page(&edge, &headers).await?;
    let answer = given.answer.to_string();
    let (origin, agent) = (peer.origin(), agent(&headers));
    let given = (given.token.as_str(), answer.as_bytes());
    let us = us(&edge, &tenant)?;
    let signed_in = edge.app.passkey_sign_in(&tenant, &us, given, &origin, agent, clock::now()).await?;
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
