//! A factor is checked when it is read.

use quant::Multiplier;

#[test]
fn a_factor_is_checked_when_it_is_read() {
    let factor = Multiplier::new(1 << 30, -5).expect("in range");
    let text = serde_json::to_string(&factor).expect("written");
    assert_eq!(text, r#"{"mantissa":1073741824,"shift":-5}"#);
    assert_eq!(serde_json::from_str::<Multiplier>(&text).expect("read"), factor);
    let refused =
        serde_json::from_str::<Multiplier>(r#"{"mantissa":1,"shift":32}"#).expect_err("out of range");
    assert!(refused.to_string().starts_with("a factor's shift is not in [-31, 31]"));
}
