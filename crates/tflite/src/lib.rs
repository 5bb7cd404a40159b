//! A bounds-checked reader of the .tflite format that never panics.
