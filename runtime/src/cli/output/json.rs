//! Indented JSON, record by record, in colours where there are any.

use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

const KEY: &[u8] = b"\x1b[34;1m";
const TEXT: &[u8] = b"\x1b[32m";
const NUMBER: &[u8] = b"\x1b[36m";
const WORD: &[u8] = b"\x1b[33m";
const PLAIN: &[u8] = b"\x1b[0m";

/// A list whose items come one by one, or values alone.
pub(super) struct Lists {
    colours: bool,
    items: u64,
    is_list: bool,
}

impl Lists {
    /// `is_list`: whether there is a list even if nothing comes.
    pub(super) fn new(colours: bool, is_list: bool) -> Self {
        Self { colours, items: 0, is_list }
    }

    /// An item of the list.
    pub(super) fn item(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        let before: &[u8] = if self.items == 0 { b"[\n  " } else { b",\n  " };
        self.items += 1;
        // Line breaks inside texts are escaped: each one here begins a line.
        let text = self.text(value)?.replace('\n', "\n  ");
        out.write_all(before)?;
        out.write_all(text.as_bytes())
    }

    /// A value alone.
    pub(super) fn single(&mut self, value: &Value, out: &mut dyn Write) -> io::Result<()> {
        self.is_list = false;
        out.write_all(self.text(value)?.as_bytes())?;
        out.write_all(b"\n")
    }

    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match (self.is_list, self.items) {
            (false, 0) => Ok(()),
            (true, 0) => out.write_all(b"[]\n"),
            _ => out.write_all(b"\n]\n"),
        }
    }

    fn text(&self, value: &Value) -> io::Result<String> {
        let mut bytes = Vec::new();
        if self.colours {
            value.serialize(&mut Serializer::with_formatter(&mut bytes, Coloured::default()))?;
        } else {
            serde_json::to_writer_pretty(&mut bytes, value)?;
        }
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}

/// Serde's indented form with colours.
#[derive(Default)]
struct Coloured {
    layout: PrettyFormatter<'static>,
    is_key: bool,
}

fn painted<W: Write + ?Sized>(writer: &mut W, colour: &[u8], text: &str) -> io::Result<()> {
    writer.write_all(colour)?;
    writer.write_all(text.as_bytes())?;
    writer.write_all(PLAIN)
}

impl Formatter for Coloured {
    fn write_null<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        painted(writer, WORD, "null")
    }

    fn write_bool<W: Write + ?Sized>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        painted(writer, WORD, if value { "true" } else { "false" })
    }

    fn write_i64<W: Write + ?Sized>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        painted(writer, NUMBER, &value.to_string())
    }

    fn write_u64<W: Write + ?Sized>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        painted(writer, NUMBER, &value.to_string())
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(NUMBER)?;
        self.layout.write_f64(writer, value)?;
        writer.write_all(PLAIN)
    }

    fn begin_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.is_key { KEY } else { TEXT })?;
        self.layout.begin_string(writer)
    }

    fn end_string<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_string(writer)?;
        writer.write_all(PLAIN)
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.is_key = true;
        self.layout.begin_object_key(writer, first)
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_key = false;
        self.layout.end_object_key(writer)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn colours_change_nothing_else() {
        let value = json!({"a": [1, -2, 1.5, "x\ny", true, null], "b": {"c": []}});
        let coloured = Lists::new(true, true).text(&value).expect("text");
        let mut plain = coloured.clone();
        for colour in [KEY, TEXT, NUMBER, WORD, PLAIN] {
            plain = plain.replace(std::str::from_utf8(colour).expect("text"), "");
        }
        assert_ne!(coloured, plain);
        assert_eq!(plain, serde_json::to_string_pretty(&value).expect("JSON"));
    }
}
