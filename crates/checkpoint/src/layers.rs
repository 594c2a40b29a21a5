//! The layers that the networks are made of, each as nodes of the graph.
//!
//! What each computes is defined by the training library (<https://github.com/ultralytics/ultralytics>, `nn/modules`), under
//! the names used here.

use candle_core::pickle::Object;

use crate::{
    archive::{Archive, Values},
    error::Fault,
    module::{Module, to_size},
    onnx::{Attribute, Graph},
};

/// Higher or wider than any picture that a detector is given.
const LARGEST_SIDE: usize = 4096;

/// What a layer gives: the tensor `[1, channels, height, width]` of this name.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    pub(crate) name: String,
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Features {
    /// The number of places.
    pub(crate) const fn area(&self) -> usize {
        self.height * self.width
    }
}

/// Writes layers into a graph, with the weights of a checkpoint.
pub(crate) struct Writer {
    pub(crate) graph: Graph,
    archive: Archive,
}

impl Writer {
    pub(crate) fn new(archive: Archive) -> Self {
        Self { graph: Graph::default(), archive }
    }

    /// The whole network but for its head: the layers in order, each fed by the ones that it names. Gives the head and what it is fed.
    pub(crate) fn body<'a>(
        &mut self,
        layers: Vec<Module<'a>>,
        input: &Features,
    ) -> Result<(Module<'a>, Vec<Features>), Fault> {
        let mut given: Vec<Features> = Vec::new();
        let last = layers.len().saturating_sub(1);
        for (number, layer) in layers.into_iter().enumerate() {
            let before = given.last().unwrap_or(input);
            let from = |source: &Object| match source {
                Object::Int(-1) => Ok(before.clone()),
                source => to_size(source)
                    .and_then(|source| given.get(source).cloned())
                    .ok_or_else(|| layer.fault("is fed by a layer that is not before it")),
            };
            let fed = match layer.setting("f") {
                Some(Object::List(sources)) => sources.iter().map(from).collect::<Result<Vec<_>, _>>()?,
                Some(source) => vec![from(source)?],
                None => return Err(layer.fault("does not say what it is fed by")),
            };
            if number == last {
                return Ok((layer, fed));
            }
            let made = match (layer.class, fed.as_slice()) {
                ("Concat", fed) => self.join(&layer, fed)?,
                (_, [one]) => self.apply(&layer, one)?,
                _ => return Err(layer.fault("is fed by several layers")),
            };
            given.push(made);
        }
        Err(Fault::unsupported("model", "there are no layers"))
    }

    /// One layer with one input.
    pub(crate) fn apply(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        match layer.class {
            "Conv" | "DWConv" => self.convolution_block(layer, input),
            "Conv2d" => self.convolution(layer, None, input),
            "ConvTranspose2d" => self.transposed_convolution(layer, input),
            "Sequential" => self.chain(layer, input),
            "Identity" => Ok(input.clone()),
            "SiLU" => Ok(self.sigmoid_linear_unit(input)),
            "Bottleneck" => self.bottleneck(layer, input),
            "C2f" | "C3k2" => self.split_and_grow(layer, input),
            "C3" | "C3k" => self.two_ways(layer, input),
            "C2PSA" => self.half_attended(layer, input),
            "PSABlock" => self.attention_block(layer, input),
            "Attention" => self.attention(layer, input),
            "SPPF" => self.pyramid_pooling(layer, input),
            "MaxPool2d" => self.pooling(layer, input),
            "Upsample" => self.upsampling(layer, input),
            _ => Err(layer.fault("is a layer that is not known here")),
        }
    }

    fn chain(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let mut features = input.clone();
        for layer in layer.children()? {
            features = self.apply(&layer, &features)?;
        }
        Ok(features)
    }

    /// Convolution, normalization, activation. The normalization, which is a factor and a summand for each channel once trained,
    /// goes into the weights.
    fn convolution_block(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let normalization = layer.optional_child("bn")?;
        let features = self.convolution(&layer.child("conv")?, normalization.as_ref(), input)?;
        self.apply(&layer.child("act")?, &features)
    }

    fn convolution(
        &mut self,
        layer: &Module<'_>,
        normalization: Option<&Module<'_>>,
        input: &Features,
    ) -> Result<Features, Fault> {
        let mut weights = self.archive.tensor(layer, "weight")?;
        let &[channels, depth, height, width] = weights.shape.as_slice() else {
            return Err(layer.fault(format!("has weights of the shape {:?}", weights.shape)));
        };
        let (stride, padding) = (layer.pair("stride")?, layer.pair("padding")?);
        let (dilation, groups) = (layer.pair("dilation")?, layer.number("groups")?);
        if groups == 0 || depth * groups != input.channels || channels % groups != 0 {
            return Err(layer.fault(format!(
                "takes {depth} channels in each of {groups} groups and is fed {}",
                input.channels
            )));
        }
        let mut bias = match self.archive.optional_tensor(layer, "bias")? {
            Some(bias) => bias.numbers,
            None => vec![0.0; channels],
        };
        if let Some(normalization) = normalization {
            self.fold(normalization, &mut weights, &mut bias)?;
        }
        if bias.len() != channels {
            return Err(layer.fault("has not as many summands as channels"));
        }
        let along = |side: usize, kernel: usize, at: usize| -> Option<usize> {
            let room = (side + 2 * padding[at]).checked_sub(dilation[at] * (kernel - 1) + 1)?;
            Some(room.checked_div(stride[at])? + 1).filter(|side| *side <= LARGEST_SIDE)
        };
        let sides = along(input.height, height, 0).zip(along(input.width, width, 1));
        let (out_height, out_width) = sides.ok_or_else(|| layer.fault("does not fit its input"))?;
        let kernel = [height, width];
        let weights = self.graph.constant(&weights.shape, &weights.numbers);
        let bias = self.graph.constant(&[channels], &bias);
        let attributes = vec![
            Attribute::integers("kernel_shape", kernel),
            Attribute::integers("strides", stride),
            Attribute::integers("pads", [padding, padding].concat()),
            Attribute::integers("dilations", dilation),
            Attribute::integer("group", groups as i64),
        ];
        let name = self.graph.node("Conv", &[&input.name, &weights, &bias], attributes);
        Ok(Features { name, channels, height: out_height, width: out_width })
    }

    /// A convolution that spreads each place over a square of its own, as wide as its steps: all that the networks here have.
    fn transposed_convolution(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let weights = self.archive.tensor(layer, "weight")?;
        let &[depth, channels, height, width] = weights.shape.as_slice() else {
            return Err(layer.fault(format!("has weights of the shape {:?}", weights.shape)));
        };
        let kernel = [height, width];
        let is_plain = layer.pair("stride")? == kernel
            && layer.pair("padding")? == [0, 0]
            && layer.pair("output_padding")? == [0, 0]
            && layer.pair("dilation")? == [1, 1]
            && layer.number("groups")? == 1;
        let (tall, wide) = (input.height.saturating_mul(height), input.width.saturating_mul(width));
        if !is_plain || depth != input.channels || tall.max(wide) > LARGEST_SIDE {
            return Err(layer.fault("spreads places over one another, or does not fit its input"));
        }
        let bias = match self.archive.optional_tensor(layer, "bias")? {
            Some(bias) if bias.numbers.len() == channels => bias.numbers,
            Some(_) => return Err(layer.fault("has not as many summands as channels")),
            None => vec![0.0; channels],
        };
        let weights = self.graph.constant(&weights.shape, &weights.numbers);
        let bias = self.graph.constant(&[channels], &bias);
        let attributes =
            vec![Attribute::integers("kernel_shape", kernel), Attribute::integers("strides", kernel)];
        let name = self.graph.node("ConvTranspose", &[&input.name, &weights, &bias], attributes);
        Ok(Features { name, channels, height: tall, width: wide })
    }

    /// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`, as a change of the convolution before.
    fn fold(
        &mut self,
        normalization: &Module<'_>,
        weights: &mut Values,
        bias: &mut [f32],
    ) -> Result<(), Fault> {
        let mut of = |name: &str| {
            let values = self.archive.tensor(normalization, name)?;
            if values.numbers.len() == bias.len() {
                Ok(values.numbers)
            } else {
                Err(normalization.fault(format!("`{name}` has not one number a channel")))
            }
        };
        let [scale, shift] = [of("weight")?, of("bias")?];
        let [mean, variance] = [of("running_mean")?, of("running_var")?];
        let epsilon = normalization.float("eps")? as f32;
        let each = weights.numbers.len() / bias.len();
        for (channel, weights) in weights.numbers.chunks_exact_mut(each).enumerate() {
            let factor = scale[channel] / (variance[channel] + epsilon).sqrt();
            weights.iter_mut().for_each(|weight| *weight *= factor);
            bias[channel] = (bias[channel] - mean[channel]).mul_add(factor, shift[channel]);
        }
        Ok(())
    }

    fn sigmoid_linear_unit(&mut self, input: &Features) -> Features {
        let share = self.graph.node("Sigmoid", &[&input.name], Vec::new());
        let name = self.graph.node("Mul", &[&input.name, &share], Vec::new());
        Features { name, ..input.clone() }
    }

    /// Two convolutions, with a way past them where `add` is set.
    fn bottleneck(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let inner = self.apply(&layer.child("cv1")?, input)?;
        let outer = self.apply(&layer.child("cv2")?, &inner)?;
        if layer.flag("add") { self.add(layer, input, &outer) } else { Ok(outer) }
    }

    /// Halves the channels, sends one half through block after block, and joins the halves and what each block gives.
    fn split_and_grow(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let both = self.apply(&layer.child("cv1")?, input)?;
        let mut parts = self.halves(layer, &both)?.to_vec();
        for block in layer.child("m")?.children()? {
            let before = &parts[parts.len() - 1];
            let grown = self.apply(&block, before)?;
            parts.push(grown);
        }
        let joined = self.join(layer, &parts)?;
        self.apply(&layer.child("cv2")?, &joined)
    }

    /// A way through blocks and one past them, joined.
    fn two_ways(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let through = self.apply(&layer.child("cv1")?, input)?;
        let through = self.apply(&layer.child("m")?, &through)?;
        let past = self.apply(&layer.child("cv2")?, input)?;
        let joined = self.join(layer, &[through, past])?;
        self.apply(&layer.child("cv3")?, &joined)
    }

    /// Attention for one half of the channels.
    fn half_attended(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let both = self.apply(&layer.child("cv1")?, input)?;
        let [past, through] = self.halves(layer, &both)?;
        let through = self.apply(&layer.child("m")?, &through)?;
        let joined = self.join(layer, &[past, through])?;
        self.apply(&layer.child("cv2")?, &joined)
    }

    fn attention_block(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let mut features = input.clone();
        for part in ["attn", "ffn"] {
            let made = self.apply(&layer.child(part)?, &features)?;
            features = if layer.flag("add") { self.add(layer, &features, &made)? } else { made };
        }
        Ok(features)
    }

    /// Attention of each place to all places: `softmax(q' k * scale)`, for each head.
    fn attention(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let (heads, key, value) =
            (layer.number("num_heads")?, layer.number("key_dim")?, layer.number("head_dim")?);
        let scale = layer.float("scale")? as f32;
        let all = self.apply(&layer.child("qkv")?, input)?;
        if heads * (2 * key + value) != all.channels {
            return Err(layer.fault(format!("has {heads} heads and {} channels", all.channels)));
        }
        let (places, none) = (all.area(), Vec::new);
        let shape = self.graph.list(&[1, heads, 2 * key + value, places]);
        let all = self.graph.node("Reshape", &[&all.name, &shape], none());
        let parts = self.graph.list(&[key, key, value]);
        let [query, key, values] =
            self.graph.split_node("Split", &[&all, &parts], vec![Attribute::integer("axis", 2)]);
        let turned = || vec![Attribute::integers("perm", [0, 1, 3, 2])];
        let query = self.graph.node("Transpose", &[&query], turned());
        let scale = self.graph.constant(&[], &[scale]);
        let likeness = self.graph.node("MatMul", &[&query, &key], none());
        let likeness = self.graph.node("Mul", &[&likeness, &scale], none());
        let likeness = self.graph.node("Softmax", &[&likeness], vec![Attribute::integer("axis", -1)]);
        let likeness = self.graph.node("Transpose", &[&likeness], turned());
        let seen = self.graph.node("MatMul", &[&values, &likeness], none());
        let mut spread = |tensor: &str| {
            let shape = self.graph.list(&[1, heads * value, input.height, input.width]);
            let name = self.graph.node("Reshape", &[tensor, &shape], none());
            Features { name, channels: heads * value, ..input.clone() }
        };
        let (seen, values) = (spread(&seen), spread(&values));
        let place = self.apply(&layer.child("pe")?, &values)?;
        let sum = self.add(layer, &seen, &place)?;
        self.apply(&layer.child("proj")?, &sum)
    }

    /// The same pooling again and again, all of it joined.
    fn pyramid_pooling(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        // Before YOLO26 it was always three times, and no way past.
        let times = if layer.setting("n").is_some() { layer.number("n")? } else { 3 };
        let mut parts = vec![self.apply(&layer.child("cv1")?, input)?];
        for _ in 0..times.min(16) {
            let pooled = self.apply(&layer.child("m")?, &parts[parts.len() - 1])?;
            parts.push(pooled);
        }
        let joined = self.join(layer, &parts)?;
        let made = self.apply(&layer.child("cv2")?, &joined)?;
        if layer.flag("add") { self.add(layer, input, &made) } else { Ok(made) }
    }

    fn pooling(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let (kernel, padding) = (layer.pair("kernel_size")?, layer.pair("padding")?);
        // All that the networks here have: the size stays.
        if layer.pair("stride")? != [1, 1] || kernel != padding.map(|padding| 2 * padding + 1) {
            return Err(layer.fault("changes the size"));
        }
        let attributes = vec![
            Attribute::integers("kernel_shape", kernel),
            Attribute::integers("strides", [1, 1]),
            Attribute::integers("pads", [padding, padding].concat()),
        ];
        let name = self.graph.node("MaxPool", &[&input.name], attributes);
        Ok(Features { name, ..input.clone() })
    }

    /// Each place becomes a square of places.
    fn upsampling(&mut self, layer: &Module<'_>, input: &Features) -> Result<Features, Fault> {
        let factor = layer.float("scale_factor")?;
        let is_nearest = matches!(layer.setting("mode"), Some(Object::Unicode(mode)) if mode == "nearest");
        if !is_nearest || factor.fract() != 0.0 || !(1.0..=LARGEST_SIDE as f64).contains(&factor) {
            return Err(layer.fault("is not by repeating places"));
        }
        self.repeated(layer, input, factor as usize)
    }

    /// Each place `factor` times across and down.
    pub(crate) fn repeated(
        &mut self,
        layer: &Module<'_>,
        input: &Features,
        factor: usize,
    ) -> Result<Features, Fault> {
        let sides = [input.height, input.width].map(|side| side.saturating_mul(factor));
        if factor == 0 || sides.iter().any(|side| *side > LARGEST_SIDE) {
            return Err(layer.fault(format!("repeats places {factor} times")));
        }
        let scales = self.graph.constant(&[4], &[1.0, 1.0, factor as f32, factor as f32]);
        let attributes = vec![
            Attribute::text("mode", "nearest"),
            Attribute::text("coordinate_transformation_mode", "asymmetric"),
            Attribute::text("nearest_mode", "floor"),
        ];
        let name = self.graph.node("Resize", &[&input.name, "", &scales], attributes);
        let [height, width] = sides;
        Ok(Features { name, height, width, channels: input.channels })
    }

    pub(crate) fn add(
        &mut self,
        layer: &Module<'_>,
        first: &Features,
        second: &Features,
    ) -> Result<Features, Fault> {
        let sides = |one: &Features| [one.channels, one.height, one.width];
        if sides(first) != sides(second) {
            return Err(layer.fault(format!("adds {:?} to {:?}", sides(second), sides(first))));
        }
        let name = self.graph.node("Add", &[&first.name, &second.name], Vec::new());
        Ok(Features { name, ..first.clone() })
    }

    /// The channels of all, one after the other.
    fn join(&mut self, layer: &Module<'_>, parts: &[Features]) -> Result<Features, Fault> {
        let [first, others @ ..] = parts else { return Err(layer.fault("joins nothing")) };
        if others.iter().any(|other| [other.height, other.width] != [first.height, first.width]) {
            return Err(layer.fault("joins layers of several sizes"));
        }
        if layer.class == "Concat" && layer.number("d")? != 1 {
            return Err(layer.fault("joins other than channels"));
        }
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        let name = self.graph.node("Concat", &names, vec![Attribute::integer("axis", 1)]);
        Ok(Features { name, channels: parts.iter().map(|part| part.channels).sum(), ..first.clone() })
    }

    fn halves(&mut self, layer: &Module<'_>, both: &Features) -> Result<[Features; 2], Fault> {
        if !both.channels.is_multiple_of(2) {
            return Err(layer.fault(format!("halves {} channels", both.channels)));
        }
        let channels = both.channels / 2;
        let parts = self.graph.list(&[channels, channels]);
        let names: [String; 2] =
            self.graph.split_node("Split", &[&both.name, &parts], vec![Attribute::integer("axis", 1)]);
        Ok(names.map(|name| Features { name, channels, ..both.clone() }))
    }
}
