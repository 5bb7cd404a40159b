//! Models whose slices, joins, shapes and calls cannot be what they say: refused on the host, with the reason.
//!
//! The models lie outside the repository; without them the test says that it skipped.

use std::path::Path;

use compiler::{CompileOptions, compile};

/// A model and a part of the reason that it must be refused with.
const REFUSED: &[(&str, &str)] = &[
    ("arg_max_axis", "element types"),
    ("batch_to_space_bad_block", "does not become"),
    ("batch_to_space_crop_too_big", ""),
    ("broadcast_to_incompatible", "broadcast"),
    ("if_calls_itself", "calling itself"),
    ("if_subgraph_out_of_range", ""),
    ("mirror_pad_too_wide", "mirrored"),
    ("pool_rescale", "same scale and zero point"),
    ("pool_stride_0", ""),
    ("reshape_count_mismatch", "number of elements"),
    ("reshape_negative", ""),
    ("reshape_two_minus_one", ""),
    ("resize_huge", ""),
    ("resize_zero", "size of"),
    ("slice_out_of_range", "leave its"),
    ("softmax_beta_0", "beta"),
    ("softmax_output_scale_wrong", "probability"),
    ("space_to_depth_not_divisible", "whole blocks"),
    ("split_not_divisible", "evenly"),
    ("split_zero", ""),
    ("squeeze_not_one", "dimensions of 1"),
    ("strided_slice_stride_0", "strides is 0"),
    ("tile_negative", "negative"),
    ("transpose_perm_range", "axis"),
    ("transpose_perm_repeat", "each of"),
    ("unpack_num_wrong", "outputs"),
];

#[test]
fn each_is_refused_with_its_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models/broken");
    if !folder.exists() {
        eprintln!("skipped: no {}", folder.display());
        return;
    }
    let mut wrong = Vec::new();
    for (name, reason) in REFUSED {
        let bytes = std::fs::read(folder.join(format!("{name}.tflite"))).expect("the model is there");
        for options in [CompileOptions::DEVICE, CompileOptions::EVERY_LAYER] {
            match compile(name, &bytes, options) {
                Ok(_) => wrong.push(format!("{name} was compiled")),
                Err(error) if error.to_string().contains(reason) => {}
                Err(error) => wrong.push(format!("{name}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
