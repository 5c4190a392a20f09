//! Beffroi: conversations, meetings and files of a public body, in one program.

mod clock;
mod command;
mod http;
mod hub;
mod media;
mod metrics;
mod page;
mod postman;
mod serve;
mod settings;
mod system;
mod watchman;

fn main() -> std::process::ExitCode {
    command::run()
}
