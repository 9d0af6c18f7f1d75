//! Links `oint` for Linux at a fixed address. A program that can be loaded anywhere has its tens of thousands of pointers
//! adjusted at each start, which takes longer than most commands do; stack, heap and libraries stay where chance puts them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bin=oint=-no-pie");
    }
}
