//! What the audit log called for: the alerts of the last thirty days, and what is told.

use super::edge::{Body, Changing, Edge, MOST_NUMBER, Reading, given, whole, within};
use super::{Problem, shapes};
use crate::clock;
use axum::Json;
use axum::extract::{Path, Query, State};
use beffroi_domain::{Alarm, AlertId, AlertRule, AlertRules, Threshold};
use beffroi_store::AlertRow;
use serde::Deserialize;
use serde_json::{Value, json};

fn shown(alert: &AlertRow) -> Value {
    json!({
        "id": alert.id.to_string(),
        "kind": alert.alarm,
        "entries": alert.entries,
        "latest_us": alert.latest_us,
        "latest": alert.latest.as_ref().map(shapes::audit_entry),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    before: Option<String>,
}

pub async fn list(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let before = asked.before.map(|text| text.parse::<AlertId>());
    let before = before.transpose().map_err(|wrong| Problem::invalid(wrong.to_string()))?;
    let (alerts, next) = edge.app.alerts(&caller, before, clock::now()).await?;
    let alerts: Vec<_> = alerts.iter().map(shown).collect();
    Ok(Json(json!({"alerts": alerts, "next": next.map(|id| id.to_string())})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    before: Option<i64>,
    limit: Option<u32>,
}

pub async fn show(
    State(edge): State<Edge>,
    Reading(caller): Reading,
    Path(id): Path<String>,
    Query(asked): Query<Entries>,
) -> Result<Json<Value>, Problem> {
    within("before", asked.before, 1..=MOST_NUMBER)?;
    within("limit", asked.limit, 1..=200)?;
    // Who may not read the log at all learns nothing of what an id is.
    let id = id.parse().unwrap_or(AlertId(0));
    let view = edge.app.alert(&caller, id, asked.before, asked.limit.unwrap_or(50), clock::now()).await?;
    let entries: Vec<_> = view.entries.iter().map(shapes::audit_entry).collect();
    Ok(Json(json!({"alert": shown(&view.alert), "entries": entries, "next": view.next})))
}

fn threshold(Threshold { count, minutes, accounts }: Threshold) -> Value {
    json!({"count": count, "minutes": minutes, "accounts": accounts})
}

fn all(edge: &Edge, rules: &AlertRules) -> Json<Value> {
    let rule = |alarm: Alarm| {
        let AlertRule { on, threshold: numbers } = rules.of(alarm);
        let bounds = alarm.bounds();
        json!({
            "kind": alarm.word(),
            "on": on,
            "always": alarm.always(),
            "threshold": numbers.map(threshold),
            "least": bounds.map(|(least, _)| threshold(least)),
            "most": bounds.map(|(_, most)| threshold(most)),
        })
    };
    Json(json!({"mail": edge.app.rules().mail, "rules": Alarm::ALL.map(rule)}))
}

pub async fn rules(State(edge): State<Edge>, Reading(caller): Reading) -> Result<Json<Value>, Problem> {
    let rules = edge.app.alert_rules(&caller, clock::now()).await?;
    Ok(all(&edge, &rules))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    #[serde(deserialize_with = "whole")]
    count: u64,
    #[serde(deserialize_with = "whole")]
    minutes: u64,
    #[serde(deserialize_with = "whole")]
    accounts: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    kind: String,
    on: bool,
    #[serde(default, deserialize_with = "given")]
    threshold: Option<Numbers>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    rules: Vec<Rule>,
}

pub async fn change(
    State(edge): State<Edge>,
    Changing(caller): Changing,
    Body(asked): Body<Rules>,
) -> Result<Json<Value>, Problem> {
    let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let numbers = |n: Numbers| Threshold {
        count: bounded(n.count),
        minutes: bounded(n.minutes),
        accounts: bounded(n.accounts),
    };
    let read = |rule: Rule| {
        let alarm = Alarm::from_word(&rule.kind)
            .ok_or_else(|| Problem::invalid(format!("there is no kind of alert `{}`", rule.kind)))?;
        Ok((alarm, AlertRule { on: rule.on, threshold: rule.threshold.map(numbers) }))
    };
    if asked.rules.is_empty() || asked.rules.len() > Alarm::ALL.len() {
        return Err(Problem::invalid("say what to change in `rules`, each kind once"));
    }
    let changes = asked.rules.into_iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
    let rules = edge.app.change_alert_rules(&caller, &changes, clock::now()).await?;
    Ok(all(&edge, &rules))
}
