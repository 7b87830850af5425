//! The verbs: check, one store change, effects, run.
