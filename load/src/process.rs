//! What the system says about a process and about itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Resident memory of a process, in kB (`VmRSS`, proc(5)).
pub(crate) fn resident_kb(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.expect("a running process has a VmRSS in kB")
}

/// Processor seconds that a process has used, of user and system together (proc(5), 100 ticks a second).
pub(crate) fn processor_s(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("the process runs, on Linux");
    let after = stat.rsplit_once(") ").map(|(_, after)| after).expect("a name ends with a bracket");
    let field = |n: usize| after.split(' ').nth(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (field(11) + field(12)) / 100.0
}

/// The highest resident memory of a process while this lives.
pub(crate) struct Peak {
    highest: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Peak {
    pub(crate) fn of(id: u32) -> Self {
        let (highest, stop) = (Arc::new(AtomicU64::new(resident_kb(id))), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (highest.clone(), stop.clone());
        let watcher = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(resident_kb(id), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { highest, stop, watcher: Some(watcher) }
    }

    pub(crate) fn kb(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        self.highest.load(Ordering::Relaxed)
    }
}

/// How busy the machine is with other things: the load average of the last minute, and its processors.
pub(crate) fn machine() -> serde_json::Value {
    let average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let average = average.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    serde_json::json!({"load_average_before": average, "processors": processors})
}
