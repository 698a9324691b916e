//! What the server's secret key makes: hashes of API keys, which alone are stored, and job tokens, which nobody stores.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use vwm_api::SessionId;

use crate::data_dir::DataDir;
use crate::start_error::StartError;

/// The keys that come from `secret.key`. The promise: they never leave this type.
pub struct Keys {
    api_keys: [u8; 32],
    job_tokens: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads `secret.key`, and makes it on the first start.
    pub(crate) fn open(data_dir: &DataDir) -> Result<Self, StartError> {
        let secret = match data_dir.read(SECRET_FILE)? {
            Some(secret) => secret.try_into().map_err(|_| StartError::SecretKey {
                path: SECRET_FILE.into(),
            })?,
            None => {
                let secret = random()?;
                data_dir.write(SECRET_FILE, &secret)?;
                secret
            }
        };
        Ok(Self::of(&secret))
    }

    fn of(secret: &[u8; 32]) -> Self {
        Self {
            api_keys: blake3::derive_key("vwm 2026-11 hashes of API keys", secret),
            job_tokens: blake3::derive_key("vwm 2026-11 tokens of jobs", secret),
        }
    }

    /// Returns what is stored of an API key. Looking it up takes no time that tells how near a guess is: who does not know
    /// the secret cannot choose the hash.
    #[must_use]
    pub fn hash_of(&self, api_key: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.api_keys, api_key.as_bytes()).as_bytes()
    }

    /// Returns what server and harness show each other; a restarted server computes it again.
    #[must_use]
    pub fn job_token(&self, session: SessionId, generation: i64) -> String {
        let mut text = [0; 24];
        text[..16].copy_from_slice(session.0.as_bytes());
        text[16..].copy_from_slice(&generation.to_be_bytes());
        HEXLOWER.encode(blake3::keyed_hash(&self.job_tokens, &text).as_bytes())
    }
}

/// Makes a new API key: `vwm_` and 43 characters.
pub(crate) fn new_api_key() -> Result<String, StartError> {
    Ok(format!("vwm_{}", BASE64URL_NOPAD.encode(&random()?)))
}

const SECRET_FILE: &str = "secret.key";

fn random() -> Result<[u8; 32], StartError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(StartError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_token_is_of_one_session_and_one_generation() {
        let keys = Keys::of(&[7; 32]);
        let session = SessionId::new();
        let token = keys.job_token(session, 1);
        assert_eq!(token, Keys::of(&[7; 32]).job_token(session, 1));
        assert_eq!(token.len(), 64);
        assert_ne!(token, keys.job_token(session, 2));
        assert_ne!(token, keys.job_token(SessionId::new(), 1));
        assert_ne!(token, Keys::of(&[8; 32]).job_token(session, 1));
    }

    #[test]
    fn a_new_key_is_43_characters_after_its_prefix() {
        let key = new_api_key().unwrap();
        assert_eq!(key.strip_prefix("vwm_").map(str::len), Some(43));
        assert_ne!(key, new_api_key().unwrap());
    }

    #[test]
    fn the_secret_survives_a_restart_and_a_damaged_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        let first = Keys::open(&data).unwrap().hash_of("vwm_x");
        assert_eq!(Keys::open(&data).unwrap().hash_of("vwm_x"), first);
        data.write(SECRET_FILE, b"short").unwrap();
        let refused = Keys::open(&data).expect_err("refused");
        assert!(matches!(refused, StartError::SecretKey { .. }));
    }
}
