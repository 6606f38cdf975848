/** What an error about a model tells to do, by the setting that names the model. Each is a part of a sentence. */
export interface ModelAdvice {
  /** The hub refuses the model. */
  readonly forbidden: string
  /** The hub does not have the model, or a file of it. */
  readonly missing: string
  /** A file is not the expected one. */
  readonly changed: string
  /** The hub cannot be reached. */
  readonly offline: string
  /** The setting, to be checked where a folder does not hold the model. */
  readonly setting: string
}

export const EMBED_ADVICE: ModelAdvice = {
  forbidden: 'check the name in COLLOQUY_EMBED_MODEL',
  missing: 'check name and revision in COLLOQUY_EMBED_MODEL, and COLLOQUY_EMBED_DTYPE',
  changed: 'another revision in COLLOQUY_EMBED_MODEL (org/name@revision)',
  offline: 'set COLLOQUY_EMBED_MODEL to a local folder',
  setting: 'COLLOQUY_EMBED_MODEL',
}

/** Model and revision are fixed; only the hub can be chosen. */
export const AUTO_ADVICE: ModelAdvice = {
  forbidden: 'use a mirror that needs none (COLLOQUY_EMBED_HUB_URL)',
  missing: 'use a hub or a mirror that has this revision (COLLOQUY_EMBED_HUB_URL)',
  changed: 'fill COLLOQUY_CACHE_DIR on a machine that gets the right file, and copy it',
  offline: 'fill COLLOQUY_CACHE_DIR on a machine that reaches the hub, and copy it',
  setting: 'COLLOQUY_EMBED_MODEL',
}

/** A re-ranker has no setting for its number format. */
export const RERANK_ADVICE: ModelAdvice = {
  forbidden: 'check the name in COLLOQUY_RERANK_MODEL',
  missing: 'check name and revision in COLLOQUY_RERANK_MODEL; the model needs quantised weights (onnx/model_quantized.onnx)',
  changed: 'another revision in COLLOQUY_RERANK_MODEL (org/name@revision)',
  offline: 'set COLLOQUY_RERANK_MODEL to a local folder',
  setting: 'COLLOQUY_RERANK_MODEL',
}
