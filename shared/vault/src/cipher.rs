//! AES-256-GCM with a random nonce before the text.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::VaultError;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// A random key.
pub(crate) fn new_key() -> Result<[u8; KEY_BYTES], VaultError> {
    random()
}

/// Seals `text`, bound to `place`. Random nonces of 96 bits serve 2^32 texts of one key (NIST SP 800-38D, 8.3).
pub(crate) fn seal(
    key: &[u8; KEY_BYTES],
    place: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE_LEN>()?;
    let mut sealed = text.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place),
            &mut sealed,
        )
        .map_err(|_| VaultError::Damaged)?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    key: &[u8; KEY_BYTES],
    place: &[u8],
    sealed: Vec<u8>,
) -> Result<Vec<u8>, VaultError> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(VaultError::Damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Damaged)?;
    let mut text = text.to_vec();
    let opened = cipher(key)?.open_in_place(nonce, Aad::from(place), &mut text);
    opened.map(|opened| opened.to_vec()).map_err(|_| VaultError::Damaged)
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| VaultError::Damaged)
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| VaultError::NoChance)?;
    Ok(bytes)
}
