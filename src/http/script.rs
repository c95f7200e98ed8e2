//! The variables that the scripts of a web page set: `var MirrPort = 8;`, `var mirr_info = {ingress:[0,1], egress:[0,0]};`,
//! `var logonInfo = new Array(0,0,0);`.
//!
//! Small switches hand out their state in this way and no other. It is read as data and nothing is carried out: literals
//! of ECMAScript, with names of members that need no quotes. What is no literal is passed over.

use serde_json::{Map, Value as Json};

/// Literals are not followed deeper.
const DEEPEST: u32 = 16;

/// Reads the variables of a page as the members of one object. Never panics. Of a name that is set twice the last one
/// counts.
pub(super) fn variables(page: &str) -> Json {
    let mut found = Map::new();
    let mut rest = page;
    while let Some(at) = rest.find("var ") {
        let before = rest.get(..at).unwrap_or_default();
        let is_word = !before.ends_with(is_letter);
        rest = rest.get(at + "var ".len()..).unwrap_or_default();
        if !is_word {
            continue;
        }
        let mut reader = Reader { rest };
        if let Some((name, value)) = reader.assignment() {
            found.insert(name, value);
            rest = reader.rest;
        }
    }
    Json::Object(found)
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a text that has to come next.
    fn eat(&mut self, text: &str) -> Option<()> {
        self.blank();
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn name(&mut self) -> Option<String> {
        self.blank();
        let end = self.rest.find(|c| !is_letter(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    fn assignment(&mut self) -> Option<(String, Json)> {
        let name = self.name()?;
        self.eat("=")?;
        Some((name, self.value(0)?))
    }

    fn value(&mut self, depth: u32) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        self.blank();
        match self.rest.chars().next()? {
            '[' => self.list('[', "]", depth),
            '{' => self.object(depth),
            quote @ ('"' | '\'') => self.text(quote).map(Json::String),
            _ if self.rest.starts_with("new ") => {
                self.eat("new ")?;
                self.eat("Array")?;
                self.list('(', ")", depth)
            }
            _ => self.word(),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Json> {
        let in_word = |c: char| is_letter(c) || "+-.".contains(c);
        let end = self.rest.find(|c| !in_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        let value = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(Json::from),
            None => serde_json::from_str(word).ok(),
        };
        self.rest = rest;
        value
    }

    fn text(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => text.push(letters.next()?.1),
                letter if letter == quote => {
                    self.rest = self.rest.get(at + quote.len_utf8()..)?;
                    return Some(text);
                }
                letter => text.push(letter),
            }
        }
        None
    }

    fn list(&mut self, open: char, close: &str, depth: u32) -> Option<Json> {
        let mut items = Vec::new();
        self.eat(open.encode_utf8(&mut [0; 4]))?;
        while self.eat(close).is_none() {
            items.push(self.value(depth + 1)?);
            // A comma may stand behind the last one.
            if self.eat(",").is_none() {
                self.eat(close)?;
                break;
            }
        }
        Some(Json::Array(items))
    }

    fn object(&mut self, depth: u32) -> Option<Json> {
        let mut members = Map::new();
        self.eat("{")?;
        while self.eat("}").is_none() {
            self.blank();
            let name = match self.rest.chars().next()? {
                quote @ ('"' | '\'') => self.text(quote)?,
                _ => self.name()?,
            };
            self.eat(":")?;
            members.insert(name, self.value(depth + 1)?);
            if self.eat(",").is_none() {
                self.eat("}")?;
                break;
            }
        }
        Some(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_literals_of_a_page_are_read() {
        let page = "<html><script>\nvar max_port_num = 8;\nvar mirr_info= {\ningress:[0,1,0],\negress:[0,0,0]}\n\
            var tip = \"\";var name = 'a\\'b', other = 3;\nvar logonInfo = new Array(\n1,\n0,0);</script>";
        assert_eq!(
            variables(page),
            json!({"max_port_num": 8, "mirr_info": {"ingress": [0, 1, 0], "egress": [0, 0, 0]},
                "tip": "", "name": "a'b", "logonInfo": [1, 0, 0]})
        );
    }

    #[test]
    fn what_is_no_literal_is_passed_over() {
        let page = "var a = document.title; myvar b = 1; var c = [1, f(2)]; var d = {x: -1.5, \"y\": true,}; var e = 0x1F;";
        assert_eq!(
            variables(page),
            json!({"d": {"x": -1.5, "y": true}, "e": 31})
        );
    }

    #[test]
    fn what_a_network_sends_never_panics_and_is_not_followed_without_end() {
        let deep = format!("var a = {};", "[".repeat(100_000));
        for page in [
            "",
            "var ",
            "var a",
            "var a = ",
            "var a = \"",
            "var a = {b",
            "var a = new Array(é",
            &deep,
        ] {
            assert_eq!(variables(page), json!({}), "{page:.20}");
        }
    }
}
