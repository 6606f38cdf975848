import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeRandomBert } from '../../../bench/scenarios/embed/random-bert.ts'
import { type EmbedModel, weightsFile } from '../../../pipeline/embedding/embedding-model.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { expectRejection } from '../../support/expect-rejection.ts'
import { openEmbedder } from '../../support/test-embedder.ts'
import { temporaryFolder } from '../../support/test-system.ts'

const SHAPE = { layers: 4, hidden: 64, heads: 2, feedForward: 256, positions: 64, dtype: 'fp32' } as const

let folder: string
let model: EmbedModel

beforeAll(async () => {
  folder = await temporaryFolder()
  model = await writeRandomBert(join(folder, 'bert'), SHAPE)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const threadModule = new URL('../../support/crashing-embed-worker.ts', import.meta.url)
const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `text number ${index}`)

describe('an embedder whose thread crashes', () => {
  it('restarts it, fails the text that crashes it again, and loses no other', async () => {
    const metrics = createMetrics()
    const embedder = await openEmbedder({ model, metrics, threadModule })
    const [passages, question, chunks] = await Promise.all([
      embedder.embedEach([...texts(30), 'this will crash it', ...texts(60).slice(30)], 'passage'),
      embedder.embed(['a question'], 'query'),
      embedder.chunk('short'),
    ])
    expect(passages.filter((result) => result instanceof Float32Array)).toHaveLength(60)
    expect(codeOf(passages[30])).toBe('embed_failed')
    expect(messageOf(passages[30])).toContain('the embedding thread crashed on it')
    expect(question).toHaveLength(1)
    expect(chunks).toEqual(['short'])
    expect((await metrics.embedRestarts.get()).values[0]?.value).toBe(2)
    await embedder.close()
  })

  it('fails to split a text that crashes it twice', async () => {
    const embedder = await openEmbedder({ model, threadModule })
    await expect(embedder.chunk('crash')).rejects.toMatchObject({ code: 'embed_failed' })
    expect(await embedder.embed(['after it'], 'query')).toHaveLength(1)
    await embedder.close()
  })
})

describe('closing an embedder', () => {
  it('waits for the current run, rejects queued texts, and accepts no more', async () => {
    const embedder = await openEmbedder({ model, textsMax: 4_096 })
    await embedder.embed(['warm'], 'query')
    const waiting = embedder.embedEach(texts(2_000), 'passage')
    await embedder.embed(['the run is under way'], 'query')
    await embedder.close()
    const results = await waiting.catch((error: unknown) => [error])
    expect(results.some((result) => result instanceof Error && 'code' in result && result.code === 'embedder_closed')).toBe(true)
    await expect(embedder.embed(['too late'], 'query')).rejects.toMatchObject({ code: 'embedder_closed' })
    await expect(embedder.chunk('too late')).rejects.toMatchObject({ code: 'embedder_closed' })
    await embedder.close()
  })
})

describe('a damaged model', () => {
  it.each([
    ['its weights are truncated', async (at: string) => truncate(join(at, weightsFile('fp32')), 10_000)],
    ['its weights are garbage', async (at: string) => writeFile(join(at, weightsFile('fp32')), 'rubbish')],
    ['its weights are missing', async (at: string) => rm(join(at, weightsFile('fp32')))],
    ['its tokenizer is garbage', async (at: string) => writeFile(join(at, 'tokenizer.json'), '{"model":')],
    ['its dimension differs', async () => undefined],
  ])('is refused at the start, and the error names its folder and the remedy: %s', async (why, damage) => {
    const at = join(folder, why.replaceAll(' ', '-'))
    const damaged = await writeRandomBert(at, { ...SHAPE, layers: 1 })
    await damage(at)
    const dimension = why.includes('dimension') ? 7 : damaged.dimension
    await expectRejection(openEmbedder({ model: { ...damaged, dimension } }), 'bad_model', new RegExp(`${at}.*COLLOQUY_EMBED_MODEL`, 's'))
  })
})
