//! Signals to processes.

use std::process::Command;

/// Sends a process a signal by name. A stop has stopped it when this returns: `kill` does not wait for the threads, and
/// one that still runs may answer.
pub(crate) fn send(process: u32, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap().success());
    while name == "STOP" && !is_stopped(process) {
        std::thread::yield_now();
    }
}

/// Whether each thread of a process is stopped, as proc_pid_stat(5) tells behind the name of the program.
fn is_stopped(process: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok()).all(|stat| {
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state == Some('T')
    })
}
