//! What an agent that tries everything finds: nothing.
