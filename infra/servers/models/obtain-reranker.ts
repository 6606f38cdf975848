import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from 'pino'
import { BATCH_TOKENS_DEFAULT } from '../../../pipeline/embedding/embedding-model.ts'
import type { CrossEncoderModel } from '../../../pipeline/reranking/cross-encoder.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import type { Settings } from '../../settings.ts'
import { createHubClient } from './hub-client.ts'
import { obtainHubModel } from './hub-model.ts'
import { RERANK_ADVICE } from './model-advice.ts'
import { describeFolder } from './model-folder.ts'
import { HUB_NAME, logProgress } from './obtain-model.ts'

/** Longer pairs cost more time than they bring: chunks of the search index are shorter. */
const TOKENS_MAX = 512

/**
 * Makes a cross-encoder available on this disk and verifies it: a folder, or a model of the hub, which is downloaded at first use as an
 * embedding model is.
 *
 * @param wanted a folder, or org/name[@revision]
 * @throws ColloquyError `bad_setting`, `bad_model`, and as `obtainHubModel` does.
 */
export async function obtainReranker(wanted: string, settings: Settings, log: Logger): Promise<CrossEncoderModel> {
  const { name, folder, origin, revision, dtype, tokensMax } = await described(wanted, settings, log)
  return { name, folder, origin, revision, dtype, tokensMax: Math.min(tokensMax, TOKENS_MAX), batchTokensMax: BATCH_TOKENS_DEFAULT }
}

async function described(wanted: string, settings: Settings, log: Logger) {
  if ((await stat(wanted).catch(() => undefined))?.isDirectory() === true)
    return describeFolder(wanted, resolve(wanted), {}, { setting: RERANK_ADVICE.setting })
  const { name, revision = 'main' } = HUB_NAME.exec(wanted)?.groups ?? {}
  if (name?.includes('/') !== true) {
    throw new ColloquyError(
      'bad_setting',
      `COLLOQUY_RERANK_MODEL is ${wanted}, which is neither a folder nor the name of a model. `
        + 'Use org/name or org/name@revision, the path of a folder, llm for the language model, or leave it unset',
    )
  }
  const client = createHubClient({
    hubUrl: settings.EMBED_HUB_URL,
    token: settings.EMBED_HUB_TOKEN,
    proxyUrl: settings.EMBED_PROXY_URL,
    advice: RERANK_ADVICE,
  })
  try {
    const { CACHE_DIR: cacheDir } = settings
    const found = await obtainHubModel({ client, name, revision, dtype: 'q8', sha256: {}, cacheDir, log, onProgress: logProgress(log) })
    return await describeFolder(name, found.folder, { dtype: 'q8' }, { revision: found.revision, setting: RERANK_ADVICE.setting })
  } finally {
    await client.close()
  }
}
