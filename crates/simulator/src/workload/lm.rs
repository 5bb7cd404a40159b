//! Language-model decoding: one token at a time, with a key-value cache.

use super::{number, product, usage, with};
use crate::error::SimError;
use crate::machine::Machine;
use crate::network::{Network, Op, Precision, Weights};
use crate::simulate::{Settings, simulate};
use serde::Serialize;

/// A language model by its sizes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lm {
    /// Layers.
    pub layers: u64,
    /// Width.
    pub width: u64,
    /// Inner width of the feed-forward part, which has three matrices.
    pub inner: u64,
    /// Words in the vocabulary.
    pub vocabulary: u64,
    /// Tokens in the cache.
    pub context: u64,
    /// Tokens of a prompt.
    pub prompt: u64,
    /// Sequences at once.
    pub batch: u64,
    /// Bits of a weight.
    pub bits: u64,
}

const FORM: &str = "params=60M or width=512,inner=2048,vocab=32000; then layers=8, context=256, prompt=128, batch=1, bits=16|8|4";

impl Lm {
    /// Parses `params=60M,layers=8,context=256,bits=8`.
    ///
    /// # Errors
    /// [`SimError::Usage`].
    pub fn parse(text: &str) -> Result<Self, SimError> {
        let mut lm = Lm {
            layers: 8,
            width: 0,
            inner: 0,
            vocabulary: 32000,
            context: 256,
            prompt: 128,
            batch: 1,
            bits: 16,
        };
        let mut params = None;
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| usage(text, format!("`{part}`"), FORM))?;
            let value = number(value, text)?;
            match key {
                "params" => params = Some(value),
                "layers" => lm.layers = value as u64,
                "width" | "d" => lm.width = value as u64,
                "inner" | "dff" => lm.inner = value as u64,
                "vocab" | "vocabulary" => lm.vocabulary = value as u64,
                "context" | "skv" => lm.context = value as u64,
                "prompt" | "prefill" => lm.prompt = value as u64,
                "batch" => lm.batch = value as u64,
                "bits" => lm.bits = value as u64,
                _ => return Err(usage(text, format!("`{key}`"), FORM)),
            }
        }
        if lm.width == 0 {
            let params = params.ok_or_else(|| usage(text, "neither params nor width", FORM))?;
            // layers (4 w² + 3 · 4w · w) + vocabulary · w = params
            let a = 16.0 * lm.layers as f64;
            let b = lm.vocabulary as f64;
            let width = (-b + (b * b + 4.0 * a * params).sqrt()) / (2.0 * a);
            lm.width = ((width / 16.0).round() as u64).max(1) * 16;
        }
        if lm.inner == 0 {
            lm.inner = 4 * lm.width;
        }
        let sizes = [lm.layers, lm.width, lm.inner, lm.vocabulary, lm.context, lm.prompt, lm.batch];
        if sizes.iter().any(|size| *size == 0 || *size > 1 << 24) || lm.layers > 4096 {
            return Err(usage(text, "a size of 0 or beyond reason", FORM));
        }
        if ![4, 8, 16].contains(&lm.bits) {
            return Err(usage(text, format!("bits={}", lm.bits), "4, 8 or 16"));
        }
        Ok(lm)
    }

    /// Parameters: the output matrix is shared with the embedding.
    pub fn params(&self) -> u64 {
        self.layers * (4 * self.width * self.width + 3 * self.width * self.inner)
            + self.vocabulary * self.width
    }

    /// Bytes of the key-value cache, in 16 bits.
    pub fn cache_bytes(&self) -> u64 {
        2 * self.layers * self.context * self.width * 2 * self.batch
    }

    /// The network that makes one token for each sequence, or reads a prompt.
    pub fn network(&self, rows: u64, with_cache: bool) -> Network {
        let format = match self.bits {
            4 => Precision::Int4,
            8 => Precision::Int8,
            _ => Precision::Fp16,
        };
        let mut layers = Vec::new();
        let rows = rows * self.batch;
        for index in 0..self.layers {
            layers.push(product(&format!("{index}.qkvo"), rows, self.width, 4 * self.width));
            if !with_cache {
                let op = Op::Attention { heads: (self.width / 64).clamp(1, 1 << 16) as u32, keys: None };
                layers.push(with(op, product(&format!("{index}.attention"), rows, self.width, self.width)));
            }
            layers.push(product(&format!("{index}.ffn"), rows, self.width, 3 * self.inner));
        }
        // Of a prompt, only the last row's words are asked for.
        let last = if with_cache { rows } else { self.batch };
        layers.push(product("words", last, self.width, self.vocabulary));
        Network {
            name: format!(
                "lm {:.1}M, {} layers, {} bits",
                self.params() as f64 / 1e6,
                self.layers,
                self.bits
            ),
            input: [1, 1, rows, self.width],
            precision: Precision::Fp16,
            weights: Weights { format, zeros: 0.0 },
            layers,
            state_bytes: if with_cache { self.cache_bytes() } else { 0 },
        }
    }
}

/// What decoding costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LmReport {
    /// The model.
    pub lm: Lm,
    /// Its parameters.
    pub params: u64,
    /// The machine.
    pub machine: String,
    /// Milliseconds for a token of each sequence.
    pub ms_per_token: f64,
    /// Tokens a second over all sequences.
    pub tokens_per_second: f64,
    /// Milliseconds for the prompt.
    pub prefill_ms: f64,
    /// Millijoules for a token of each sequence.
    pub mj_per_token: f64,
    /// Bytes of the key-value cache.
    pub cache_bytes: u64,
    /// Bytes of weights.
    pub weight_bytes: u64,
    /// Share of the time of a token that streams weights.
    pub weight_share: f64,
    /// Median relative error of the machine.
    pub latency_error: f64,
}

/// Prices decoding and reading a prompt.
///
/// # Errors
/// Those of [`simulate`].
pub fn lm_report(lm: &Lm, machine: &Machine, settings: Settings) -> Result<LmReport, SimError> {
    let token = simulate(&lm.network(1, true), machine, settings)?;
    let prompt = simulate(&lm.network(lm.prompt, false), machine, settings)?;
    let weights: f64 = token.steps.iter().map(|step| step.cost.weights_us).sum();
    Ok(LmReport {
        params: lm.params(),
        machine: machine.name.clone(),
        ms_per_token: token.total_us / 1e3,
        tokens_per_second: lm.batch as f64 * 1e6 / token.total_us.max(1e-9),
        prefill_ms: prompt.total_us / 1e3,
        mj_per_token: token.total_uj / 1e3,
        cache_bytes: lm.cache_bytes(),
        weight_bytes: token.weight_bytes as u64,
        weight_share: (weights / token.total_us.max(1e-9)).min(1.0),
        latency_error: token.latency_error(),
        lm: lm.clone(),
    })
}
