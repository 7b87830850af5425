//! House rules as tests. They read the sources, the manifests and what cargo says of them,
//! so that a rule is broken by a failing test and not by a reviewer's luck.

#[cfg(test)]
mod files;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod purity;
#[cfg(test)]
mod sizes;
