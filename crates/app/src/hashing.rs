//! Password hashing on a bounded pool: 19 MiB and 50 ms each must neither stall the event loop nor
//! fill the memory.

use crate::{Error, Secret};
use beffroi_identity::application_password::{self, Keys};
use beffroi_identity::password::Kept;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Waiting beyond this many is refused: at 50 ms each on two cores, the last one waits two seconds.
const MOST_WAITING: usize = 80;

#[derive(Clone)]
pub(crate) struct Hashing {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { places: Arc::new(Semaphore::new(cores)), waiting: Arc::default() }
    }

    /// Whether `password` is the one behind what is kept; for a decoy, the same work is done for a "no".
    pub(crate) async fn verify(&self, password: Secret, kept: Kept) -> Result<bool, Error> {
        self.on_pool(move || beffroi_identity::password::verify_kept(&password, &kept))
            .await?
            .map_err(|wrong| Error::Invalid(wrong.to_string()))
    }

    /// The PHC string of a new password.
    pub(crate) async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String, Error> {
        self.on_pool(move || beffroi_identity::password::hash(&password, salt))
            .await?
            .map_err(|wrong| Error::Invalid(wrong.to_string()))
    }

    /// The keys of a new application password.
    pub(crate) async fn application_keys(&self, shown: Secret, salt: [u8; 16]) -> Result<Vec<Keys>, Error> {
        self.on_pool(move || application_password::keys(&shown, salt, application_password::ITERATIONS)).await
    }

    async fn on_pool<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let place = self.places.clone().acquire_owned().await.expect("the semaphore is never closed");
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        Ok(done.await.expect("hashing does not panic, and the runtime outlives its callers"))
    }
}
