//! SUPPORTED_OPS.md, from the rows that do the refusing.

use super::{Rule, Support, table::all};

/// The text of SUPPORTED_OPS.md.
pub fn document() -> String {
    let mut rows: Vec<&Support> = all().collect();
    rows.sort_by_key(|support| name(support));
    let mut text = format!(
        "<!-- Written by `cargo xtask codegen` from crates/compiler/src/ops. Change the rows there. -->\n\
         # Supported operators\n\n\
         {} operators run. A model with any other, or with one that breaks a rule below, is refused on the host with all \
         reasons at once: `cargo xtask check MODEL.tflite`.\n\n\
         Types are those of the inputs `->` those of the outputs; `?` may be absent, `*` is one or more.\n",
        count(&rows)
    );
    for support in rows {
        let (first, last) = support.versions;
        let versions =
            if first == last { format!("version {first}") } else { format!("versions {first} to {last}") };
        text += &format!("\n## {}\n\n{versions}\n\n", name(support));
        for types in support.types {
            text += &format!("* `{types}`\n");
        }
        if !support.rules.is_empty() {
            text += "\n| requires that | else |\n|---|---|\n";
        }
        for Rule { requires, advice, .. } in support.rules {
            text += &format!("| {} | {} |\n", cell(requires), cell(advice));
        }
    }
    text
}

fn name(support: &Support) -> String {
    match support.custom {
        Some(code) => format!("CUSTOM {code}"),
        None => support.op.name().to_string(),
    }
}

/// An operator may have several rows, one after the other.
fn count(sorted: &[&Support]) -> usize {
    let mut names: Vec<_> = sorted.iter().map(|support| name(support)).collect();
    names.dedup();
    names.len()
}

/// Text that a table can hold.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_version_type_and_rule_is_there() {
        let text = document();
        for support in all() {
            assert!(text.contains(&format!("\n## {}\n", name(support))), "{}", name(support));
            for types in support.types {
                assert!(text.contains(&format!("* `{types}`\n")), "{types}");
            }
            for rule in support.rules {
                assert!(text.contains(&cell(rule.requires)) && text.contains(&cell(rule.advice)));
            }
        }
        assert_eq!(text.matches("\n## ").count(), all().count());
    }

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("a | b\nc"), "a \\| b c");
    }
}
