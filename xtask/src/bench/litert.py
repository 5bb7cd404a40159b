"""Runs a model with TensorFlow Lite, twice per line of standard input, and prints the second run's nanoseconds.

A line is `builtin` for its own optimised kernels or `xnnpack` for its default. One thread.
"""
import sys
import time

try:
    import numpy
    from ai_edge_litert import interpreter as litert
except ImportError:
    sys.exit(3)

resolvers = {
    "builtin": litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "xnnpack": litert.OpResolverType.AUTO,
}
interpreters = {}
for name, resolver in resolvers.items():
    it = litert.Interpreter(sys.argv[1], num_threads=1, experimental_op_resolver_type=resolver)
    it.allocate_tensors()
    for detail in it.get_input_details():
        generator = numpy.random.default_rng(1)
        values = generator.integers(-128, 128, detail["shape"])
        it.set_tensor(detail["index"], values.astype(detail["dtype"]))
    interpreters[name] = it
print("ready", flush=True)
for line in sys.stdin:
    it = interpreters[line.strip()]
    it.invoke()
    began = time.perf_counter_ns()
    it.invoke()
    print(time.perf_counter_ns() - began, flush=True)
