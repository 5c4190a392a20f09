//! The whole program from outside, an idea a file.

mod archive;
mod audit;
mod backup;
mod bad_input;
mod command_line;
mod configuration;
mod database;
mod demonstration;
mod disk_full;
mod files;
mod forgery;
mod guests;
mod killed;
mod messages;
mod other_tenant;
mod postgres;
mod sessions;
mod sign_in;
mod stopping;
mod tiles;
