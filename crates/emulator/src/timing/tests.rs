use super::*;

#[test]
fn every_price_of_every_table_has_its_source() {
    let all = Timing::all().unwrap();
    assert_eq!(all.len(), FILES.len());
    for timing in all {
        assert!(timing.source.len() > 40, "{}", timing.name);
        for (class, source) in timing.sources() {
            assert!(!source.is_empty(), "{}: {}", timing.name, class.name());
            let price = timing.price(class, 0, false).unwrap();
            assert!(price < 40 * PER_CYCLE, "{}: {}", timing.name, class.name());
            // A published table of Arm names the place in the manual for every number.
            let is_placed = source.contains("able ") || source.contains("ection ") || source.contains("Ibex");
            assert!(is_placed || timing.basis == Basis::Estimate, "{}: {source}", timing.name);
        }
        // What every core has.
        for class in
            [Class::Load, Class::Store, Class::Alu, Class::BranchTaken, Class::BranchNotTaken, Class::Call]
        {
            assert!(timing.price(class, 0, false).is_some(), "{}: {}", timing.name, class.name());
        }
    }
}

#[test]
fn a_core_finds_its_own_table() {
    for (core, table) in [
        ("Cortex-M0", "cortex-m0"),
        ("Cortex-M0+", "cortex-m0plus"),
        ("Cortex-M3", "cortex-m3"),
        ("Cortex-M4F", "cortex-m4"),
        ("Cortex-M7", "cortex-m7"),
        ("Cortex-M33", "cortex-m33"),
        ("Cortex-M55", "cortex-m55"),
        ("RV32IMC", "rv32imc"),
        ("RV32IMAC", "rv32imc"),
    ] {
        assert_eq!(Timing::of(core).unwrap().name, table, "{core}");
        assert_eq!(Timing::named(table).unwrap().name, table);
    }
    let error = Timing::of("Z80").unwrap_err().to_string();
    assert!(error.starts_with("no timing table for Z80; there are: cortex-m0, cortex-m0plus"), "{error}");
    assert!(Timing::named("cortex").is_err());
}

#[test]
fn the_tables_say_what_the_manuals_say() {
    let price = |table: &str, class, transfers, after_memory| {
        Timing::named(table).unwrap().price(class, transfers, after_memory).map(|price| price as f64 / 1000.0)
    };
    for (table, class, transfers, cycles) in [
        ("cortex-m4", Class::LoadMultiple, 4, 5.0),
        ("cortex-m4", Class::Return, 0, 3.0),
        ("cortex-m4", Class::Return, 4, 7.0),
        ("cortex-m4", Class::DualMac, 0, 1.0),
        ("cortex-m4", Class::FloatLoad, 1, 2.0),
        ("cortex-m3", Class::MultiplyAccumulate, 0, 2.0),
        ("cortex-m0", Class::Return, 2, 6.0),
        ("cortex-m0", Class::Return, 0, 3.0),
        ("cortex-m0plus", Class::Return, 2, 5.0),
        ("cortex-m0plus", Class::Call, 0, 3.0),
        ("cortex-m55", Class::VectorMac, 0, 2.0),
        ("rv32imc", Class::Divide, 0, 38.0),
    ] {
        assert_eq!(price(table, class, transfers, false), Some(cycles), "{table} {}", class.name());
    }
    assert_eq!(price("cortex-m4", Class::Load, 0, true), Some(1.0));
    assert_eq!(price("cortex-m0", Class::Load, 0, true), Some(2.0));
    assert_eq!(price("cortex-m3", Class::DualMac, 0, false), None);
}
