//! The bodies of this server, for who hosts them: never what is in one.

use super::Problem;
use super::edge::{Body, Changing, Edge, Reading};
use super::rooms::address;
use super::session::sent;
use crate::clock;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use beffroi_app::FirstAdministrator;
use beffroi_domain::{BadAddress, BadName, Domain, PersonName};
use beffroi_store::{BodyRow, Invited, NewBody};
use serde::Deserialize;
use serde_json::{Value, json};

/// Characters of a search.
const MOST_SEARCH: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    search: Option<String>,
    after: Option<String>,
}

pub async fn list(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let search = asked.search.unwrap_or_default();
    if search.chars().count() > MOST_SEARCH {
        return Err(Problem::invalid("a search has at most 200 characters"));
    }
    let after = asked.after.as_deref().map(domain).transpose()?;
    let page = edge.app.bodies(&caller, &search, after.as_ref().map(Domain::as_str), clock::now()).await?;
    let next = page.bodies.last().filter(|_| page.more).map(|row| row.tenant.domain.to_string());
    let shown: Vec<_> = page.bodies.iter().map(shown).collect();
    Ok(Json(json!({"bodies": shown, "next": next, "count": page.count})))
}

fn shown(row: &BodyRow) -> Value {
    let first = row.first.as_ref();
    json!({
        "domain": row.tenant.domain.as_str(),
        "name": row.tenant.name,
        "people": row.people,
        "created_us": row.created,
        "state": if row.tenant.closed.is_some() { "closed" } else if row.begun { "run" } else { "waiting" },
        "begun": row.begun,
        "operates": row.tenant.operates,
        "administrator": first.map(|one| json!({"address": one.address.as_str(), "name": one.name.as_str()})),
    })
}

/// A domain, as a body's or in a path.
fn domain(text: &str) -> Result<Domain, Problem> {
    text.parse().map_err(|wrong: BadAddress| Problem::invalid(format!("this is no domain: {wrong}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct First {
    address: String,
    name: String,
}

impl First {
    fn read(&self) -> Result<FirstAdministrator, Problem> {
        let name: PersonName =
            self.name.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))?;
        Ok(FirstAdministrator { address: address(&self.address)?, name })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    domain: String,
    name: String,
    administrator: First,
}

pub async fn host(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name = new.name.parse().map_err(|wrong: BadName| Problem::invalid(wrong.to_string()))?;
    let body = NewBody { domain: domain(&new.domain)?, name };
    let first = new.administrator.read()?;
    let url = |domain: &str| edge.place.public_url(domain);
    let invited = edge.app.host_body(&caller, &body, &first, &url, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(link(&edge, &invited))))
}

pub async fn delegate(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(which): Path<String>,
    Body(first): Body<First>,
) -> Result<Json<Value>, Problem> {
    let url = |domain: &str| edge.place.public_url(domain);
    let first = first.read()?;
    let invited = edge.app.delegate_body(&caller, &named(&which)?, &first, &url, clock::now()).await?;
    Ok(Json(link(&edge, &invited)))
}

pub async fn close(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(which): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.close_body(&caller, &named(&which)?, true, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn open(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Path(which): Path<String>,
) -> Result<StatusCode, Problem> {
    edge.app.close_body(&caller, &named(&which)?, false, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn named(text: &str) -> Result<Domain, Problem> {
    text.parse().map_err(|_| Problem::not_found("organisation"))
}

fn link(edge: &Edge, invited: &Invited) -> Value {
    if invited.mailed {
        sent(edge);
    }
    let base = edge.place.public_url(invited.tenant.domain.as_str());
    json!({"link": format!("{base}/bienvenue/{}", invited.token), "expires_us": invited.expires,
        "mailed": invited.mailed})
}
