//! The modules of a pickled network: a view of what the unpickler made.

use candle_core::pickle::Object;

use crate::error::Fault;

/// A module of the network, as it was pickled: its class, its settings and what it holds. Nothing of it is run.
#[derive(Debug, Clone)]
pub(crate) struct Module<'a> {
    /// The name of its class, without where that is defined.
    pub(crate) class: &'a str,
    /// Where it stands in the network, as the training library names it.
    pub(crate) place: String,
    state: &'a [(Object, Object)],
}

impl<'a> Module<'a> {
    /// The module that this object is, if it is one.
    pub(crate) fn of(object: &'a Object, place: impl Into<String>) -> Result<Self, Fault> {
        let place = place.into();
        let (made, state) = match object {
            Object::Build { callable, args } => match &**args {
                Object::Dict(state) => (&**callable, state.as_slice()),
                _ => return Err(Fault::unsupported(place, "an object without attributes")),
            },
            // What several modules share is written once; where it comes again only its class is known.
            made => (made, [].as_slice()),
        };
        if let Object::Reduce { callable, .. } = made
            && let Object::Class { class_name, .. } = &**callable
        {
            return Ok(Self { class: class_name, place, state });
        }
        Err(Fault::unsupported(place, "no module"))
    }

    /// What is wrong with it.
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::unsupported(format!("{} ({})", self.place, self.class), reason)
    }

    /// A setting.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a Object> {
        entry(self.state, name)
    }

    /// A module in it that has a name.
    pub(crate) fn child(&self, name: &str) -> Result<Self, Fault> {
        self.optional_child(name)?.ok_or_else(|| self.fault(format!("has no `{name}`")))
    }

    /// A module in it, if there is one of the name.
    pub(crate) fn optional_child(&self, name: &str) -> Result<Option<Self>, Fault> {
        let Some(Object::Dict(modules)) = self.setting("_modules") else { return Ok(None) };
        match entry(modules, name) {
            None | Some(Object::None) => Ok(None),
            Some(object) => Self::of(object, format!("{}.{name}", self.place)).map(Some),
        }
    }

    /// The modules of a list, in order.
    pub(crate) fn children(&self) -> Result<Vec<Self>, Fault> {
        let Some(Object::Dict(modules)) = self.setting("_modules") else {
            return Err(self.fault("is no list of modules"));
        };
        (0..modules.len()).map(|number| self.child(&number.to_string())).collect()
    }

    /// A whole number among its settings.
    pub(crate) fn number(&self, name: &str) -> Result<usize, Fault> {
        let number = self.setting(name).and_then(to_size);
        number.ok_or_else(|| self.fault(format!("`{name}` is no whole number")))
    }

    /// A list of whole numbers among its settings.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<usize>, Fault> {
        let numbers = match self.setting(name) {
            Some(Object::List(numbers) | Object::Tuple(numbers)) => numbers.iter().map(to_size).collect(),
            _ => None,
        };
        numbers.ok_or_else(|| self.fault(format!("`{name}` is no list of whole numbers")))
    }

    /// A setting that is one number for both directions, or a pair of them: along the height and along the width.
    pub(crate) fn pair(&self, name: &str) -> Result<[usize; 2], Fault> {
        let pair = match self.setting(name) {
            Some(Object::Tuple(pair)) => match pair.as_slice() {
                [height, width] => to_size(height).zip(to_size(width)),
                _ => None,
            },
            Some(one) => to_size(one).map(|one| (one, one)),
            None => None,
        };
        pair.map(Into::into).ok_or_else(|| self.fault(format!("`{name}` is no pair of whole numbers")))
    }

    /// A switch, off where it is not there.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.setting(name), Some(Object::Bool(true)))
    }

    /// A number.
    pub(crate) fn float(&self, name: &str) -> Result<f64, Fault> {
        match self.setting(name) {
            Some(Object::Float(number)) => Ok(*number),
            Some(Object::Int(number)) => Ok(f64::from(*number)),
            _ => Err(self.fault(format!("`{name}` is no number"))),
        }
    }

    /// A tensor that it has learned or gathered; none where it goes without.
    pub(crate) fn tensor(&self, name: &str) -> Option<&'a Object> {
        ["_parameters", "_buffers"].iter().find_map(|group| match self.setting(group) {
            Some(Object::Dict(tensors)) => {
                entry(tensors, name).filter(|tensor| !matches!(tensor, Object::None))
            }
            _ => None,
        })
    }
}

/// The value under a key of text.
pub(crate) fn entry<'a>(dictionary: &'a [(Object, Object)], key: &str) -> Option<&'a Object> {
    let found = dictionary.iter().find(|(name, _)| matches!(name, Object::Unicode(name) if name == key));
    found.map(|(_, value)| value)
}

/// A whole number from 0 on.
pub(crate) fn to_size(object: &Object) -> Option<usize> {
    match object {
        Object::Int(number) => usize::try_from(*number).ok(),
        Object::Long(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}
