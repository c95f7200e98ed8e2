//! The JSON Schema of a profile, so that editors complete and check it.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::raw::RawProfile;
use super::{Index, Numbering, OidRef};
use crate::snmp::Oid;

/// Returns the JSON Schema (draft 2020-12) of a profile's YAML.
#[must_use]
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<RawProfile>();
    schema.insert("title".to_owned(), "halfspan switch profile".into());
    schema.to_value()
}

/// A type that is read from a text of a certain form.
macro_rules! text {
    ($type:ty, $name:literal, $pattern:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

text!(Oid, "Oid", r"^\.?[0-9]+(\.[0-9]+)+$");
text!(OidRef, "OidRef", r"^\.?[0-9]+(\.[0-9]+)*$");
text!(
    Index,
    "Index",
    r"^(source|destination|session|direction|unit|row|[0-9]+)(\.(source|destination|session|direction|unit|row|[0-9]+))*$"
);
text!(
    Numbering,
    "Numbering",
    r"^(if_index|bridge_port|position|from_zero|if_name|.*\{n\}.*)$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_key_of_an_object_and_refuses_others() {
        let schema = schema();
        let object = &schema["$defs"]["RawObject"];
        assert_eq!(object["additionalProperties"], false);
        for key in ["name", "oid", "role", "bitmap", "list", "only_while"] {
            assert!(object["properties"][key].is_object(), "{key}");
        }
        assert_eq!(schema["properties"]["format"]["type"], "integer");
        let required = schema["required"].as_array().unwrap();
        assert!(required.contains(&"destination_traffic".into()));
    }
}
