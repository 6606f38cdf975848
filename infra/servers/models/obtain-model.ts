import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { BATCH_TOKENS_DEFAULT, type EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { Settings } from '../../settings.ts'
import { describeFolder, type ModelOverrides } from './model-folder.ts'
import { createHubClient } from './hub-client.ts'
import { obtainHubModel, type DownloadProgress } from './hub-model.ts'
import { obtainLexicalModel } from './lexical-model.ts'
import { PRESETS, presetOf } from './presets.ts'

const HUB_NAME = /^(?<name>[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?)(@(?<revision>[A-Za-z0-9][\w./-]*))?$/
const LOGGED_EVERY_MS = 5_000

/**
 * The embedding model that the settings name, on this disk and checked: the built-in one, a local folder, or one of the hub, which is
 * downloaded the first time.
 *
 * @param onProgress of a download; default: lines in the log.
 * @throws ColloquyError `bad_setting`, `bad_model`, and as `obtainHubModel` does.
 */
export async function obtainModel(settings: Settings, log: Logger, onProgress: DownloadProgress = logProgress(log)): Promise<EmbedModel> {
  const wanted = settings.EMBED_MODEL
  const overrides: ModelOverrides = {
    dtype: settings.EMBED_DTYPE, pooling: settings.EMBED_POOLING,
    queryPrefix: settings.EMBED_QUERY_PREFIX, passagePrefix: settings.EMBED_PASSAGE_PREFIX,
  }
  if (wanted === undefined || wanted === 'lexical') return obtainLexicalModel(settings.CACHE_DIR, log)
  if ((await stat(wanted).catch(() => undefined))?.isDirectory() === true) return describeFolder(wanted, resolve(wanted), overrides)

  const { name, revision } = HUB_NAME.exec(wanted)?.groups ?? {}
  const preset = name === undefined ? undefined : presetOf(name)
  if (name === undefined || (preset === undefined && !name.includes('/'))) {
    throw new ColloquyError('bad_setting', `COLLOQUY_EMBED_MODEL is ${wanted}: there is no such folder, and it is no name of a model. `
      + `Write org/name or org/name@revision, ${PRESETS.map((known) => known.aliases[0] ?? known.name).join(', ')}, the path of a folder, or leave it unset for the built-in one`)
  }
  const client = createHubClient({ hubUrl: settings.EMBED_HUB_URL, token: settings.EMBED_HUB_TOKEN, proxyUrl: settings.EMBED_PROXY_URL })
  try {
    const dtype = overrides.dtype ?? 'q8'
    const isPinned = preset !== undefined && (revision === undefined || revision === preset.revision)
    const found = await obtainHubModel({
      client, name: preset?.name ?? name, revision: revision ?? preset?.revision ?? 'main', dtype, sha256: isPinned ? preset.sha256 : {},
      cacheDir: settings.CACHE_DIR, log, onProgress,
    })
    if (preset === undefined) return await describeFolder(name, found.folder, { ...overrides, dtype }, found.revision)
    return {
      name: preset.name, kind: 'semantic', ...found, dtype, pooling: overrides.pooling ?? preset.pooling,
      prefixes: { query: overrides.queryPrefix ?? preset.prefixes.query, passage: overrides.passagePrefix ?? preset.prefixes.passage },
      dimension: preset.dimension, tokensMax: preset.tokensMax, batchTokensMax: BATCH_TOKENS_DEFAULT,
    }
  } finally {
    await client.close()
  }
}

function logProgress(log: Logger): DownloadProgress {
  let toldAt = performance.now()
  return (file, bytes, bytesTotal) => {
    if (performance.now() - toldAt < LOGGED_EVERY_MS) return
    toldAt = performance.now()
    log.info({ file, bytes, bytesTotal }, 'downloading the embedding model')
  }
}
