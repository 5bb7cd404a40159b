//! Wrong usage that the pages of help tell: no such verb, no such option. What they do not tell is left to the program.

use crate::pages;

/// What is said of words that the program would refuse, as it says it itself; nothing where that is not certain.
///
/// The line `Usage:` is the page's; the program's is sometimes shorter.
pub fn refusal(words: &[&str]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    if first.starts_with('-') {
        return is_unknown(first, pages::LONG).then(|| told(&unexpected(first), pages::LONG));
    }
    let (verb, arguments) = match *first {
        "help" => (rest.first()?, &[][..]),
        _ => (first, rest),
    };
    let page = format!("{verb} {}", pages::LONG);
    if pages::find(&page).is_none() {
        let is_help = *verb == "help";
        return (!is_help).then(|| told(&format!("unrecognized subcommand '{verb}'"), pages::LONG));
    }
    let options = arguments.iter().take_while(|argument| **argument != "--");
    let unknown = options.copied().find(|argument| is_unknown(argument, &page))?;
    Some(told(&unexpected(unknown), &page))
}

/// Whether an argument has the form of a long option, and a page does not have it.
fn is_unknown(argument: &str, page: &str) -> bool {
    let name = argument.split('=').next().unwrap_or_default();
    name.len() > 2 && name.starts_with("--") && !options(page).any(|option| option == name)
}

/// The long options of a page: where a line begins with them, or with a short one before them.
fn options(page: &str) -> impl Iterator<Item = &str> {
    let lines = pages::find(page).unwrap_or_default().lines();
    lines.flat_map(|line| {
        line.split([' ', ',']).filter(|word| !word.is_empty()).take_while(|word| word.starts_with('-'))
    })
}

fn unexpected(argument: &str) -> String {
    format!("unexpected argument '{}' found", argument.split('=').next().unwrap_or_default())
}

fn told(what: &str, page: &str) -> String {
    let lines = pages::find(page).unwrap_or_default().lines();
    let usage = lines.map(str::trim).find(|line| line.starts_with("Usage: ")).unwrap_or_default();
    format!("error: {what}\n\n{usage}\n\nFor more information, try '--help'.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_page_has_is_refused() {
        let verb = refusal(&["flsh", "--board", "x"]).unwrap();
        assert!(
            verb.starts_with("error: unrecognized subcommand 'flsh'\n\nUsage: cargo xtask <COMMAND>\n"),
            "{verb}"
        );
        assert_eq!(refusal(&["help", "flsh"]).as_ref(), Some(&verb));
        let option = refusal(&["flash", "--board", "x", "--chip-eras=1"]).unwrap();
        assert!(
            option.starts_with("error: unexpected argument '--chip-eras' found\n\nUsage: cargo xtask flash "),
            "{option}"
        );
        let top = refusal(&["--bord", "flash"]).unwrap();
        assert!(
            top.starts_with("error: unexpected argument '--bord' found\n\nUsage: cargo xtask <COMMAND>\n"),
            "{top}"
        );
    }

    #[test]
    fn what_the_program_may_take_is_not() {
        for words in [
            &["flash"][..],
            &["flash", "--board=x", "--verify", "-q", "-"],
            &["infer", "a--b", "--input", "-5"],
            &["infer", "--", "--no-option"],
            &["-V"],
            &["--version"],
            &["help", "flash", "--verify"],
            &["help"],
            &["help", "help"],
        ] {
            assert_eq!(refusal(words), None, "{words:?}");
        }
    }

    #[test]
    fn every_option_of_a_page_is_known() {
        let options: Vec<_> = options("flash --help").collect();
        for option in ["--board", "--watchdog", "-h", "--help", "--ram-budget"] {
            assert!(options.contains(&option), "{options:?}");
        }
    }
}
