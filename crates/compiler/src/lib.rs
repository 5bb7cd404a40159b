//! From a .tflite model to a static plan: graph, passes, memory planner, emission.
