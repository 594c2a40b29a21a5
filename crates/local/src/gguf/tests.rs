use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::error::Fault;

/// Writes GGUF files word by word, lies included.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn start(tensors: u64, keys: u64) -> Self {
        Self(b"GGUF".to_vec()).u32(3).u64(tensors).u64(keys)
    }
    fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }
    fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }
    fn text(mut self, text: &str) -> Self {
        self = self.u64(text.len() as u64);
        self.0.extend(text.bytes());
        self
    }
    fn tensor(self, name: &str, dimensions: &[u64], kind: u32, offset: u64) -> Self {
        let mut writer = self.text(name).u32(dimensions.len() as u32);
        for size in dimensions {
            writer = writer.u64(*size);
        }
        writer.u32(kind).u64(offset)
    }
    fn data(mut self, length: usize) -> Self {
        let start = self.0.len().next_multiple_of(32);
        self.0.resize(start + length, 7);
        self
    }
    fn open(&self) -> Result<Gguf, Fault> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&self.0).unwrap();
        Gguf::parse(Mapped::open(file.path()).unwrap())
    }
    fn fault(&self) -> String {
        match self.open().unwrap_err() {
            Fault::Corrupt(what) | Fault::Unsupported(what) => what,
        }
    }
}

fn small() -> Writer {
    Writer::start(2, 4)
        .text("general.architecture")
        .u32(8)
        .text("llama")
        .text("names")
        .u32(9)
        .u32(8)
        .u64(2)
        .text("a")
        .text("bc")
        .text("kinds")
        .u32(9)
        .u32(5)
        .u64(2)
        .u32(1)
        .u32(u32::MAX)
        .text("size")
        .u32(4)
        .u32(77)
        .tensor("a", &[32, 2], 8, 0)
        .tensor("b", &[4], 0, 96)
        .data(112)
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let file = small().open().unwrap();
    assert_eq!(file.text("general.architecture"), Some("llama"));
    assert_eq!(file.strings("names").unwrap().collect::<Vec<_>>(), ["a", "bc"]);
    assert_eq!(file.integers("kinds").unwrap().collect::<Vec<_>>(), [1, -1]);
    assert_eq!(file.number("size"), Ok(77));
    let info = file.tensor("a").unwrap();
    assert_eq!((info.kind, info.dimensions.as_slice()), (TensorKind::Q8_0, &[32, 2][..]));
    assert_eq!(file.tensor_bytes(info), [7; 68]);
    assert!(file.number("general.architecture").is_err());
    assert!(file.strings("kinds").is_err());
}

#[test]
fn lies_are_found_before_anything_is_allocated() {
    let huge = u64::MAX / 2;
    assert!(Writer::default().u32(3).fault().contains("letters GGUF"));
    assert!(Writer(b"GGUF".to_vec()).u32(9).fault().contains("version 9"));
    assert!(Writer::start(huge, 0).fault().contains("cut short"));
    assert!(Writer::start(0, huge).fault().contains("cut short"));
    assert!(Writer::start(0, 1).u64(huge).fault().contains("length"));
    assert!(Writer::start(0, 1).text("k").u32(9).u32(8).u64(huge).fault().contains("length"));
    assert!(Writer::start(0, 1).text("k").u32(9).u32(10).u64(3).data(8).fault().contains("cut short"));
    assert!(Writer::start(0, 1).text("k").u32(9).u32(9).u64(0).fault().contains("value type 9"));
    assert!(Writer::start(0, 1).text("k").u32(99).fault().contains("value type 99"));
    let twice = Writer::start(0, 2).text("k").u32(4).u32(1).text("k").u32(4).u32(2);
    assert!(twice.fault().contains("twice"));
    let one = |dimensions: &[u64], kind, offset| {
        Writer::start(1, 0).tensor("t", dimensions, kind, offset).data(64).fault()
    };
    assert!(one(&[], 0, 0).contains("0 dimensions"));
    assert!(one(&[0], 0, 0).contains("out of range"));
    assert!(one(&[huge, huge], 0, 0).contains("larger than any file"));
    assert!(one(&[33], 8, 0).contains("whole Q8_0 blocks"));
    assert!(one(&[4], 0, 5).contains("multiple of 32"));
    assert!(one(&[1000], 0, 0).contains("cut short"));
    assert!(one(&[4], 0, huge / 32 * 32).contains("cut short"));
    assert!(one(&[4], 77, 0).contains("ggml type 77"));
}

proptest! {
    #[test]
    fn a_file_cut_short_is_refused(length in 1_usize..300) {
        let mut writer = small();
        prop_assume!(length < writer.0.len());
        writer.0.truncate(length);
        prop_assert!(writer.open().is_err());
    }

    #[test]
    fn no_damage_makes_it_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut writer = small();
        let place = place.index(writer.0.len());
        writer.0[place] = byte;
        if let Ok(file) = writer.open() {
            for name in ["a", "b"] {
                if let Some(info) = file.tensor(name) {
                    prop_assert_eq!(file.tensor_bytes(info).len(), info.range.len());
                }
            }
            let _ = file.strings("names").map(Iterator::count);
            let _ = file.integers("kinds").map(Iterator::count);
        }
    }
}
