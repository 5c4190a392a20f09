//! Watches over the audit logs: what is suspicious is told within a minute, and every log is verified once a day.
//!
//! With mail or without: what is told stands in the administration too.

use crate::clock;
use crate::postman::Door;
use crate::settings::Place;
use beffroi_app::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often the logs are looked at.
const ROUND: Duration = Duration::from_secs(5);
/// How long a log that cannot be read is left alone before it is verified again.
const LATER: Duration = Duration::from_secs(3600);

/// Both tasks.
pub struct Watchman {
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Watchman {
    /// Starts; what happened while nobody watched is told now.
    pub fn start(app: App, place: Arc<Place>, door: Option<Door>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let telling = tell(app.clone(), place, door, stopping.clone());
        Self { stop, tasks: [tokio::spawn(telling), tokio::spawn(verify(app, stopping))] }
    }

    /// Goes home; what was not told is told after the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("the watchman ended badly; suspicious acts are told after the next start");
            }
        }
    }
}

async fn tell(app: App, place: Arc<Place>, door: Option<Door>, mut stopping: watch::Receiver<bool>) {
    let mut round = interval(ROUND);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = round.tick() => {}
            _ = stopping.changed() => return,
        }
        match app.watch_logs(|domain| place.public_url(domain), clock::now()).await {
            Ok(true) => door.iter().for_each(Door::hurry),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an audit log could not be watched; later"
                );
            }
        }
    }
}

async fn verify(app: App, mut stopping: watch::Receiver<bool>) {
    let mut round = interval(ROUND);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = round.tick() => {}
            _ = stopping.changed() => return,
        }
        // Cut off, it begins anew after the next start.
        let done = tokio::select! {
            done = app.verify_logs(clock::now) => done,
            _ = stopping.changed() => return,
        };
        if let Err(error) = done {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an audit log could not be verified; in an hour"
            );
            tokio::select! {
                () = tokio::time::sleep(LATER) => {}
                _ = stopping.changed() => return,
            }
        }
    }
}
