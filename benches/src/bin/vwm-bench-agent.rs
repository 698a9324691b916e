//! The benchmarks' engine: an agent without a model, as fast as a pipe allows.

fn main() -> std::io::Result<()> {
    vwm_bench::agent::run()
}
