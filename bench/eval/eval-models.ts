import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { accessEmbedder } from '../../infra/app/embedder-access.ts'
import { accessReranker } from '../../infra/app/reranker-access.ts'
import { loadProcessSettings } from '../../infra/settings.ts'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { createRerankStep, type RerankStep } from '../../pipeline/search/rerank-step.ts'

/** The embedding models that know a language, by the names of their folders. */
const MODELS_OF = { en: ['bge-small-en-v1.5', 'all-minilm-l6-v2'], zh: ['bge-small-zh-v1.5'] } as const

/** Where embedding models are by default. */
const MODELS = fileURLToPath(new URL('../../../shared/models', import.meta.url))

/**
 * The folders of embedding models of a language that are there.
 *
 * @param from folders with models, the first that has one counts; default: `../shared/models`
 */
export const modelFolders = (lang: keyof typeof MODELS_OF, from: readonly string[] = [MODELS]): string[] =>
  MODELS_OF[lang].flatMap((name) =>
    from
      .map((folder) => join(folder, name))
      .filter((folder) => existsSync(folder))
      .slice(0, 1),
  )

/** Opens an embedding model; it is closed with `open`. @param model as COLLOQUY_EMBED_MODEL names it */
export async function openEmbedder(model: string, open: AsyncDisposableStack): Promise<LocalEmbedder> {
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const { settings } = loadProcessSettings({ DATA_DIR: folder, EMBED_MODEL: model })
  return open.adopt(await accessEmbedder(settings, createMetrics(), pino({ level: 'silent' })), (own) => own.close())
}

/** Longer than a run with any model takes: a measurement waits for it. */
const BUDGET_MS = 600_000

/** Opens a re-ranker; it is closed with `open`. @param model as COLLOQUY_RERANK_MODEL names it */
export async function openRerankStep(model: string, open: AsyncDisposableStack): Promise<RerankStep> {
  const log = pino({ level: 'silent' })
  const { settings } = loadProcessSettings({ RERANK_MODEL: model })
  const reranker = await accessReranker(settings, log)
  if (reranker === undefined) throw new Error(`${model} is no re-ranker`)
  open.defer(() => reranker.close())
  return createRerankStep({ reranker, candidatesMax: settings.RERANK_CANDIDATES, budgetMs: BUDGET_MS, log, metrics: createMetrics() })
}
