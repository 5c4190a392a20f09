//! Finding people: colleagues, and the accounts of the administration.

use super::Problem;
use super::admin::role;
use super::edge::{Edge, Reading, within};
use super::rooms::address;
use crate::clock;
use axum::Json;
use axum::extract::{Query, State};
use beffroi_domain::Sought;
use beffroi_store::{AccountState, PEOPLE_PAGE, PeopleFilter};
use serde::Deserialize;
use serde_json::{Value, json};

/// Accounts of a page when nobody says how many.
const USUAL_PAGE: u32 = 50;
/// Characters of a search.
const MOST_SEARCH: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    search: Option<String>,
    role: Option<String>,
    state: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// What is searched for, if it may be.
fn sought(text: Option<&str>, domain: &str) -> Result<Sought, Problem> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MOST_SEARCH {
        return Err(Problem::invalid("a search has at most 200 characters"));
    }
    Ok(Sought::read(text, domain))
}

pub async fn accounts(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    within("limit", asked.limit, 1..=PEOPLE_PAGE)?;
    let state = asked.state.as_deref().map(|word| {
        let known = AccountState::from_word(word);
        known.ok_or_else(|| Problem::invalid("the states are active, invited and disabled"))
    });
    let filter = PeopleFilter {
        words: sought(asked.search.as_deref(), caller.tenant.domain.as_str())?,
        role: asked.role.as_deref().map(role).transpose()?,
        state: state.transpose()?,
        after: asked.after.as_deref().map(address).transpose()?,
        limit: asked.limit.unwrap_or(USUAL_PAGE),
    };
    let page = edge.app.accounts(&caller, &filter, clock::now()).await?;
    let next = page.people.last().filter(|_| page.more).map(|row| row.account.address.to_string());
    let shown: Vec<_> = page
        .people
        .iter()
        .map(|row| {
            let a = &row.account;
            json!({"address": a.address.as_str(), "name": a.name.as_str(), "role": a.role.word(),
                "clearance": a.clearance.0, "enabled": a.enabled, "invited": row.invited,
                "created_us": row.created, "last_used_us": row.last_used})
        })
        .collect();
    Ok(Json(json!({"accounts": shown, "next": next, "count": page.count})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Colleagues {
    search: Option<String>,
}

pub async fn people(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Query(asked): Query<Colleagues>,
) -> Result<Json<Value>, Problem> {
    let search = asked.search.unwrap_or_default();
    sought(Some(&search), "")?;
    let people = edge.app.people(&caller, &search, clock::now()).await?;
    Ok(Json(people.iter().map(|a| json!({"address": a.address.as_str(), "name": a.name.as_str()})).collect()))
}
