//! `beffroi tenant alerts`

use super::Failure;
use crate::clock;
use beffroi_app::App;
use beffroi_domain::{Alarm, AlertRule, AlertRules, Threshold};

#[derive(clap::Args)]
pub(super) struct Alerts {
    /// The domain of the body.
    domain: String,
    /// The kind to change; without it, all of them are shown.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// on or off.
    #[arg(long, value_name = "on|off", requires = "kind")]
    set: Option<String>,
    /// Refused sign-ins from which on it is told.
    #[arg(long, value_name = "NUMBER", requires = "kind")]
    count: Option<u32>,
    /// Minutes in which they fall.
    #[arg(long, value_name = "MINUTES", requires = "kind")]
    minutes: Option<u32>,
    /// Accounts that they are over.
    #[arg(long, value_name = "NUMBER", requires = "kind")]
    accounts: Option<u32>,
}

pub(super) async fn execute(app: &App, asked: Alerts) -> Result<(), Failure> {
    let Alerts { domain, kind, set, count, minutes, accounts } = asked;
    let rules = app.operator_alert_rules(&domain).await?;
    let Some(kind) = kind else {
        Alarm::ALL.into_iter().for_each(|alarm| println!("{}", line(&rules, alarm)));
        return Ok(());
    };
    let alarm = Alarm::from_word(&kind).ok_or_else(|| {
        let known: Vec<_> = Alarm::ALL.into_iter().map(Alarm::word).collect();
        format!("there is no kind of alert `{kind}`; choose among {}", known.join(", "))
    })?;
    let before = rules.of(alarm);
    let on = match set.as_deref() {
        Some("on") => true,
        Some("off") => false,
        None => before.on,
        Some(other) => return Err(format!("`{other}` is neither on nor off").into()),
    };
    let numbers = [count, minutes, accounts];
    let threshold = match before.threshold {
        Some(then) => Some(Threshold {
            count: count.unwrap_or(then.count),
            minutes: minutes.unwrap_or(then.minutes),
            accounts: accounts.unwrap_or(then.accounts),
        }),
        None if numbers.iter().any(Option::is_some) => {
            return Err(format!("`{kind}` is told each time; it has no numbers").into());
        }
        None => None,
    };
    let change = [(alarm, AlertRule { on, threshold })];
    let rules = app.operator_change_alert_rules(&domain, &change, clock::now()).await?;
    println!("{}", line(&rules, alarm));
    Ok(())
}

fn line(rules: &AlertRules, alarm: Alarm) -> String {
    let always = if alarm.always() { " (always)" } else { "" };
    format!("{}: {}{always}", alarm.word(), rules.of(alarm))
}
