import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { accessEmbedder } from '../../infra/app/embedder-access.ts'
import { loadProcessSettings } from '../../infra/settings.ts'
import { localQuestionVectors, type QuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import type { QualityLanguage } from './quality-sets.ts'

const MODELS: Readonly<Record<QualityLanguage, readonly string[]>> = {
  en: ['all-minilm-l6-v2', 'bge-small-en-v1.5'],
  zh: ['bge-small-zh-v1.5'],
}

/** Folders of the embedding models of a language that are in `folder` (default `../shared/models`). */
export function modelsOf(lang: QualityLanguage, folder = fileURLToPath(new URL('../../../shared/models', import.meta.url))): string[] {
  return MODELS[lang].map((name) => join(folder, name)).filter((model) => existsSync(model))
}

/** Opens an embedding model. */
export async function openVectors(model: string): Promise<QuestionVectors & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  const { settings } = loadProcessSettings({ DATA_DIR: folder, EMBED_MODEL: model })
  const embedder = await accessEmbedder(settings, createMetrics(), pino({ level: 'silent' }))
  return {
    ...localQuestionVectors(() => embedder),
    async close() {
      await embedder.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
