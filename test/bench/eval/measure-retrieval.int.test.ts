import { rm } from 'node:fs/promises'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillWith, measureRetrieval } from '../../../bench/eval/measure-retrieval.ts'
import { readRetrievalModels } from '../../../bench/eval/retrieval-models.ts'
import { readRetrievalSets } from '../../../bench/eval/retrieval-sets.ts'
import { accessEmbedder } from '../../../infra/app/embedder-access.ts'
import { type ClickHouse, startClickHouse } from '../../../infra/servers/clickhouse/clickhouse-server.ts'
import { loadProcessSettings } from '../../../infra/settings.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { openClickHouseStore } from '../../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../../pipeline/search/folding-embedder.ts'
import { narrowed } from '../../support/narrow-embedder.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

/** CMRC is left out: embedding its texts takes minutes. `npm run eval -- retrieval` has it. */
const TEXTS_MAX = 240
const MODEL_MS_MAX = 600_000

let folder: string
let server: ClickHouse
beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startClickHouse({ dataDir: folder, port: 0, log: silent })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const models = await readRetrievalModels()
const sets = (await readRetrievalSets()).filter(({ docs }) => docs.length <= TEXTS_MAX)

describe('hybrid search with real models and questions', () => {
  it.each(models)(
    'is not below vectors or words alone with $name, nor where its cosines are all above 0.9',
    { timeout: MODEL_MS_MAX },
    async ({ setting }) => {
      const { url, username, password, database } = server
      await using open = new AsyncDisposableStack()
      const client = open.adopt(createClient({ url, username, password, database }), (own) => own.close())
      const { settings } = loadProcessSettings({ DATA_DIR: folder, EMBED_MODEL: setting })
      const own = open.adopt(await accessEmbedder(settings, createMetrics(), silent), (one) => one.close())
      const scaleOf = await measureCosineScales(own)
      const known = sets.filter(({ questions }) => own.kind === 'lexical' || scaleOf(questions[0]?.query ?? '')?.isKnown === true)
      expect(known.length).toBeGreaterThan(0)
      for (const set of known) {
        for (const one of [own, narrowed(own)]) {
          const store = await openClickHouseStore({ client, collection: `${set.name}-${one.fingerprint}`, dimension: one.dimension })
          const embedder = foldingEmbedder(one, store.cutter)
          await fillWith(set, store, embedder)
          const { hybrid, dense, keyword } = await measureRetrieval(set, store, embedder, {})
          for (const metric of ['recall@1', 'recall@10'] as const) {
            const best = Math.max(dense[metric], keyword[metric])
            // One question less, and the rounding of both.
            expect(hybrid[metric], `${metric} of ${set.name} with ${one.fingerprint}`).toBeGreaterThanOrEqual(
              best - 1 / set.questions.length - 0.001,
            )
          }
        }
      }
    },
  )

  it.skipIf(models.length > 1 && sets.length > 1)(
    'public sets and models: skipped, ../shared/data or ../shared/models is not there',
    () => {
      expect(sets.length).toBeGreaterThan(0)
    },
  )
})
