//! The `dmsc` command: a thin layer over the runner, the reports and the SCR tables.

mod cli;
mod cmd;
mod exit;
mod failure;
mod interrupt;
mod layout;
mod library;
mod new_file;
mod source;
mod terminal;
mod yaml;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os()).into()
}
