//! How long predictions take: a whole report for EfficientNet-B0 must stay under 5 ms, the sweep of all shipped
//! networks over all shipped machines under 2 s. Run with `cargo bench -p microjoule-simulator`.
use simulator::machine::{find_machine, machines};
use simulator::network::{shipped_network, shipped_networks};
use simulator::report::{html, record, table, trace};
use simulator::{Settings, SimError, simulate};
use std::time::Instant;

fn main() -> Result<(), SimError> {
    let machine = find_machine("a15-ios18")?;
    let networks = shipped_networks()?;
    let Some(network) = shipped_network("efficientnet_b0_224") else {
        println!("efficientnet_b0_224 is not among the shipped networks");
        return Ok(());
    };
    let mut best = f64::MAX;
    for _ in 0..50 {
        let start = Instant::now();
        let one = simulate(&network, &machine, Settings::default())?;
        let json = serde_json::to_string(&record(&one)).unwrap_or_default();
        let bytes = json.len() + html(&one).len() + trace(&one).len() + table(&one).len();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        assert!(bytes > 0);
        best = best.min(ms);
    }
    println!("EfficientNet-B0, record, table, page and trace: {best:.3} ms (bound 5 ms)");
    let all = machines()?;
    let start = Instant::now();
    let mut runs = 0;
    for machine in all {
        for network in &networks {
            runs += usize::from(simulate(network, machine, Settings::default()).is_ok());
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{runs} of {} networks × {} machines: {seconds:.3} s (bound 2 s)", networks.len(), all.len());
    Ok(())
}
