//! The pages of help that the door prints without this program.

use clap::{Command, CommandFactory};

use crate::Cli;

/// Where the door looks for them.
pub const FILE: &str = "crates/door/help.txt";

/// All pages: of the program and of every verb, short and long, each after the arguments that ask for it.
pub fn pages() -> String {
    let mut program = Cli::command();
    program.build();
    let mut pages = both("", &mut program);
    for verb in program.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let name = format!("{} ", verb.get_name());
        pages += &both(&name, verb);
    }
    pages
}

fn both(name: &str, command: &mut Command) -> String {
    let (short, long) = (command.render_help(), command.render_long_help());
    format!("==== {name}-h\n{short}==== {name}--help\n{long}")
}
