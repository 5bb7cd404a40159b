//! Whether two images of a model run the same kernels.

use std::collections::BTreeSet;

use firmware::Contents;

/// How the names of kernels begin.
const KERNELS: [&str; 4] = ["kernels::", "<kernels::", "microjoule_kernels::", "<microjoule_kernels::"];

/// Functions of the kernels in an image, by name: an inner loop that another image has not is another kernel.
fn kernels(contents: &Contents) -> BTreeSet<&str> {
    let functions =
        contents.symbols.iter().filter(|symbol| symbol.is_function).map(|symbol| symbol.name.as_str());
    let unsized_ones = contents.unsized_functions.iter().map(String::as_str);
    functions.chain(unsized_ones).filter(|name| KERNELS.iter().any(|start| name.starts_with(start))).collect()
}

/// What only one of two images has; nothing when their kernels are the same.
pub fn difference(profile: &Contents, energy: &Contents) -> Vec<String> {
    let (of_profile, of_energy) = (kernels(profile), kernels(energy));
    let only = |name: &&str, which: &str| format!("{name}, only in the {which} image");
    let first = of_profile.difference(&of_energy).map(|name| only(name, "profile"));
    first.chain(of_energy.difference(&of_profile).map(|name| only(name, "energy"))).collect()
}

/// How many kernels an image has.
pub fn count(contents: &Contents) -> usize {
    kernels(contents).len()
}
