//! As much of ONNX as a detector needs: the messages (<https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>, same field
//! numbers), and a graph that grows node by node.

use prost::Message;

/// The first version of the format with everything that is used here, and the operators' version that goes with it.
const FORMAT: i64 = 8;
const OPERATORS: i64 = 17;

const FLOAT: i32 = 1;
const INTEGER: i32 = 7;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    format: i64,
    #[prost(string, tag = "2")]
    producer: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<Body>,
    #[prost(message, repeated, tag = "8")]
    operators: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    metadata: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSet {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    constants: Vec<Constant>,
    #[prost(message, repeated, tag = "11")]
    inputs: Vec<Port>,
    #[prost(message, repeated, tag = "12")]
    outputs: Vec<Port>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    outputs: Vec<String>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(string, tag = "4")]
    operator: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

/// A setting of a node.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "3")]
    integer: i64,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
    // As the protocol of version 2 writes lists, which all readers take.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    integers: Vec<i64>,
    #[prost(int32, tag = "20")]
    kind: i32,
}

impl Attribute {
    pub(crate) fn integer(name: &str, integer: i64) -> Self {
        Self { name: name.to_owned(), integer, kind: 2, ..Self::default() }
    }

    pub(crate) fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.as_bytes().to_vec(), kind: 3, ..Self::default() }
    }

    pub(crate) fn integers(name: &str, integers: impl IntoIterator<Item = usize>) -> Self {
        let integers = integers.into_iter().map(|one| one as i64).collect();
        Self { name: name.to_owned(), integers, kind: 7, ..Self::default() }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Constant {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    shape: Vec<i64>,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    bytes: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Port {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Message)]
struct Kind {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorKind>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorKind {
    #[prost(int32, tag = "1")]
    element: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    sides: Vec<Side>,
}

#[derive(Clone, PartialEq, Message)]
struct Side {
    #[prost(int64, optional, tag = "1")]
    length: Option<i64>,
}

impl Port {
    fn new(name: &str, shape: &[usize]) -> Self {
        let sides = shape.iter().map(|side| Side { length: Some(*side as i64) }).collect();
        let tensor = TensorKind { element: FLOAT, shape: Some(Shape { sides }) };
        Self { name: name.to_owned(), kind: Some(Kind { tensor: Some(tensor) }) }
    }
}

/// A graph under construction. Tensors are told by their names.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    body: Body,
}

impl Graph {
    /// A tensor of numbers that do not depend on the input.
    pub(crate) fn constant(&mut self, shape: &[usize], values: &[f32]) -> String {
        self.keep(shape, FLOAT, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A list of integers, as shapes and sizes of parts are given.
    pub(crate) fn list(&mut self, values: &[usize]) -> String {
        let bytes = values.iter().flat_map(|value| (*value as i64).to_le_bytes()).collect();
        self.keep(&[values.len()], INTEGER, bytes)
    }

    fn keep(&mut self, shape: &[usize], kind: i32, bytes: Vec<u8>) -> String {
        let name = format!("constant_{}", self.body.constants.len());
        let shape = shape.iter().map(|side| *side as i64).collect();
        self.body.constants.push(Constant { shape, kind, name: name.clone(), bytes });
        name
    }

    /// A node with one output, whose name comes back.
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let [output] = self.split_node(operator, inputs, attributes);
        output
    }

    /// A node with several outputs.
    pub(crate) fn split_node<const OUTPUTS: usize>(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) -> [String; OUTPUTS] {
        let number = self.body.nodes.len();
        let outputs: [String; OUTPUTS] = std::array::from_fn(|output| format!("value_{number}_{output}"));
        self.body.nodes.push(Node {
            inputs: inputs.iter().map(ToString::to_string).collect(),
            outputs: outputs.to_vec(),
            name: format!("{operator}_{number}"),
            operator: operator.to_owned(),
            attributes,
        });
        outputs
    }

    /// The file, with one input. The tensors of the outputs, which no other node takes, become `output0`, `output1`, ...
    pub(crate) fn finish(
        mut self,
        input: (&str, &[usize]),
        outputs: &[(&str, &[usize])],
        metadata: Vec<(String, String)>,
    ) -> Vec<u8> {
        for (number, (tensor, shape)) in outputs.iter().enumerate() {
            let name = format!("output{number}");
            for node in &mut self.body.nodes {
                for one in node.outputs.iter_mut().filter(|one| one == tensor) {
                    name.clone_into(one);
                }
            }
            self.body.outputs.push(Port::new(&name, shape));
        }
        "detector".clone_into(&mut self.body.name);
        self.body.inputs = vec![Port::new(input.0, input.1)];
        let model = Model {
            format: FORMAT,
            producer: "lavr".to_owned(),
            graph: Some(self.body),
            operators: vec![OperatorSet { domain: String::new(), version: OPERATORS }],
            metadata: metadata.into_iter().map(|(key, value)| Entry { key, value }).collect(),
        };
        model.encode_to_vec()
    }
}
