//! Writes the Swift half, the C header and the module map from the built library: see `generate.sh`.

fn main() {
    uniffi::uniffi_bindgen_swift()
}
