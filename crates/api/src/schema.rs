//! What the OpenAPI document says of shapes that their types cannot tell; the server checks the same.

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType,
    Type,
};
use utoipa::openapi::{Array, RefOr};

/// How many entries a list or an object may have.
const ENTRIES: usize = 100;
/// The longest name that Kubernetes knows: a DNS name, a slash and a label.
const NAME_MAX: usize = 253 + 1 + 63;
/// Digits, perhaps with a point, and a unit or an exponent.
const QUANTITY: &str =
    r"^([0-9]+\.?[0-9]*|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,3})?$";

/// A runtime's tags.
pub(crate) fn tags() -> Array {
    let tag = text().min_length(Some(1)).max_length(Some(100));
    list(tag.build(), "For finding it.")
}

/// `{requests, limits}`.
pub(crate) fn resources() -> Object {
    let quantities = || {
        let text = text().max_length(Some(40)).pattern(Some(QUANTITY));
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0));
        let quantity = Schema::from(AnyOfBuilder::new().item(text).item(number).build());
        object(quantity).build()
    };
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "What a job may use, as Kubernetes writes it: `{requests, limits}`, each of quantities such as 2, `500m` or `4Gi`.",
        ))
        .property("requests", quantities())
        .property("limits", quantities())
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        .build()
}

/// Labels by name.
pub(crate) fn node_selector() -> Object {
    let label = Schema::from(text().max_length(Some(63)).build());
    object(label)
        .description(Some("Which nodes of a cluster a job may run on."))
        .build()
}

/// Flat objects.
pub(crate) fn tolerations() -> Array {
    let text = text().max_length(Some(NAME_MAX));
    let number = ObjectBuilder::new().schema_type(Type::Number);
    let value = Schema::from(AnyOfBuilder::new().item(text).item(number).build());
    list(
        object(value).build(),
        "Which taints of a cluster's nodes a job bears, as Kubernetes writes them.",
    )
}

/// Any JSON but null.
pub(crate) fn setting_value() -> Schema {
    let of = |kind: Type| ObjectBuilder::new().schema_type(kind);
    let anything = || ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    let values = AnyOfBuilder::new()
        .description(Some(
            "Any JSON but null; what a known key may be is checked.",
        ))
        .item(of(Type::String))
        .item(of(Type::Number))
        .item(of(Type::Boolean))
        .item(ArrayBuilder::new().items(anything()))
        .item(of(Type::Object).additional_properties(Some(RefOr::T(anything().into()))));
    Schema::from(values.build())
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn list(item: Object, what: &str) -> Array {
    ArrayBuilder::new()
        .items(item)
        .max_items(Some(ENTRIES))
        .description(Some(what))
        .build()
}

fn object(value: Schema) -> ObjectBuilder {
    let name = text().min_length(Some(1)).max_length(Some(NAME_MAX));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(name.build()))
        .additional_properties(Some(RefOr::T(value)))
        .max_properties(Some(ENTRIES))
}
