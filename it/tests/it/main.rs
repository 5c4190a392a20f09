//! The whole program from outside, an idea a file.

mod applications;
mod archive;
mod audit;
mod backup;
mod bad_input;
mod calls;
mod command_line;
mod configuration;
mod database;
mod demonstration;
mod disk_full;
mod files;
mod forgery;
mod guests;
mod killed;
mod mail;
mod messages;
mod organisation;
mod other_tenant;
mod passkeys;
mod postgres;
mod seats;
mod second_factor;
mod sessions;
mod sign_in;
mod stopping;
