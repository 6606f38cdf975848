import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { BATCH_TOKENS_DEFAULT, type EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { Settings } from '../../settings.ts'
import { createHubClient } from './hub-client.ts'
import { type DownloadProgress, obtainHubModel } from './hub-model.ts'
import { obtainLexicalModel } from './lexical-model.ts'
import { AUTO_ADVICE, EMBED_ADVICE } from './model-advice.ts'
import { describeFolder, type ModelOverrides } from './model-folder.ts'
import { type Preset, presetOf, PRESETS } from './presets.ts'

/** A name on the hub with its revision, such as `org/name@main`. */
export const HUB_NAME = /^(?<name>[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?)(@(?<revision>[A-Za-z0-9][\w./-]*))?$/
const LOGGED_EVERY_MS = 5_000

export interface ObtainOptions {
  /** Of downloads; default: log lines. */
  readonly onProgress?: DownloadProgress | undefined
  /** Called before a failed request is repeated. */
  readonly onRetry?: ((error: unknown) => void) | undefined
  /** Ends a download; the next one resumes it. */
  readonly signal?: AbortSignal | undefined
  /** Default: `PRESETS`. */
  readonly presets?: readonly Preset[] | undefined
  /** Whether `auto` names the model, so that nobody can choose another revision. Default: false. */
  readonly isAuto?: boolean | undefined
}

/**
 * Makes the embedding model of the settings available on this disk and verifies it: the built-in one, a local folder, or a model of the
 * hub, which is downloaded at first use.
 *
 * @throws ColloquyError `bad_setting`, `bad_model`, and as `obtainHubModel` does.
 */
export async function obtainModel(
  settings: Settings,
  log: Logger,
  { onProgress = logProgress(log), onRetry, signal, presets = PRESETS, isAuto = false }: ObtainOptions = {},
): Promise<EmbedModel> {
  const wanted = settings.EMBED_MODEL
  const overrides: ModelOverrides = {
    dtype: settings.EMBED_DTYPE,
    pooling: settings.EMBED_POOLING,
    queryPrefix: settings.EMBED_QUERY_PREFIX,
    passagePrefix: settings.EMBED_PASSAGE_PREFIX,
  }
  if (wanted === undefined || wanted === 'lexical') return obtainLexicalModel(settings.CACHE_DIR, log)
  if ((await stat(wanted).catch(() => undefined))?.isDirectory() === true) return describeFolder(wanted, resolve(wanted), overrides)

  const { name, revision } = HUB_NAME.exec(wanted)?.groups ?? {}
  const preset = name === undefined ? undefined : presetOf(name, presets)
  if (name === undefined || (preset === undefined && !name.includes('/'))) {
    const names = presets.map((known) => known.aliases[0] ?? known.name).join(', ')
    throw new ColloquyError(
      'bad_setting',
      `COLLOQUY_EMBED_MODEL is ${wanted}, which is neither a folder nor the name of a model. `
        + `Use org/name or org/name@revision, ${names}, auto, the path of a folder, or leave it unset for the built-in model`,
    )
  }
  const { EMBED_HUB_URL: hubUrl, EMBED_HUB_TOKEN: token, EMBED_PROXY_URL: proxyUrl } = settings
  const client = createHubClient({ hubUrl, token, proxyUrl, signal, advice: isAuto ? AUTO_ADVICE : EMBED_ADVICE })
  try {
    const dtype = overrides.dtype ?? 'q8'
    const isPinned = preset !== undefined && (revision === undefined || revision === preset.revision)
    const found = await obtainHubModel({
      client,
      name: preset?.name ?? name,
      revision: revision ?? preset?.revision ?? 'main',
      dtype,
      sha256: isPinned ? preset.sha256 : {},
      cacheDir: settings.CACHE_DIR,
      log,
      onProgress,
      onRetry,
    })
    if (preset === undefined) return await describeFolder(name, found.folder, { ...overrides, dtype }, { revision: found.revision })
    return {
      name: preset.name,
      kind: 'semantic',
      ...found,
      dtype,
      pooling: overrides.pooling ?? preset.pooling,
      prefixes: { query: overrides.queryPrefix ?? preset.prefixes.query, passage: overrides.passagePrefix ?? preset.prefixes.passage },
      dimension: preset.dimension,
      tokensMax: preset.tokensMax,
      batchTokensMax: BATCH_TOKENS_DEFAULT,
    }
  } finally {
    await client.close()
  }
}

/** Writes the progress of a download to the log, every five seconds. */
export function logProgress(log: Logger): DownloadProgress {
  let loggedAt = performance.now()
  return (file, bytes, bytesTotal) => {
    if (performance.now() - loggedAt < LOGGED_EVERY_MS) return
    loggedAt = performance.now()
    log.info({ file, bytes, bytesTotal }, 'downloading a model')
  }
}
