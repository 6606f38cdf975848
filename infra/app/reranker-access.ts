import type { Logger } from 'pino'
import { createCrossEncoderReranker } from '../../pipeline/reranking/cross-encoder-reranker.ts'
import { createLlmReranker } from '../../pipeline/reranking/llm-reranker.ts'
import type { Reranker } from '../../pipeline/reranking/reranker.ts'
import { obtainReranker } from '../servers/models/obtain-reranker.ts'
import type { Settings } from '../settings.ts'
import { modelAccess } from './model-access.ts'

/** The value of RERANK_MODEL for the language model of LLM_*. */
export const LLM = 'llm'

/**
 * Opens the re-ranker that the settings name; `undefined` where they name none. Downloads its model first unless it is in the cache.
 *
 * @throws ColloquyError as `obtainReranker` does; `bad_model` if the model cannot be loaded.
 */
export async function accessReranker(settings: Settings, log: Logger): Promise<Reranker | undefined> {
  const { RERANK_MODEL: wanted, EMBED_THREADS: threads } = settings
  if (wanted === undefined) return undefined
  if (wanted !== LLM) return createCrossEncoderReranker({ model: await obtainReranker(wanted, settings, log), threads, log })
  const access = modelAccess(settings)
  return access === undefined ? undefined : createLlmReranker(access)
}
