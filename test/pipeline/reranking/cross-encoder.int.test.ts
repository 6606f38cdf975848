import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { obtainReranker } from '../../../infra/servers/models/obtain-reranker.ts'
import { loadSettings } from '../../../infra/settings.ts'
import type { CrossEncoderModel } from '../../../pipeline/reranking/cross-encoder.ts'
import { createCrossEncoderReranker, type CrossEncoderOptions } from '../../../pipeline/reranking/cross-encoder-reranker.ts'
import type { Reranker } from '../../../pipeline/reranking/reranker.ts'
import { expectRejection } from '../../support/expect-rejection.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'
import { writeOverlapModel, writeWordVectors } from '../../support/tiny-models.ts'

const WORDS = ['return', 'parcel', 'refund', 'oslo', 'filler', '退', '货', '发', '票']

let folder: string
let model: CrossEncoderModel
let reranker: Reranker | undefined
beforeAll(async () => {
  folder = await temporaryFolder()
  model = await writeOverlapModel(join(folder, 'one'), WORDS)
})
afterEach(() => reranker?.close())
afterAll(() => rm(folder, { recursive: true, force: true }))

const open = async (options: Partial<CrossEncoderOptions> = {}): Promise<Reranker> => {
  reranker = await createCrossEncoderReranker({ model, threads: 1, log: silent, ...options })
  return reranker
}
const never = new AbortController().signal
const ask = (question: string, texts: readonly string[], signal = never): Promise<readonly number[]> =>
  reranker === undefined ? Promise.reject(new Error('not open')) : reranker.rerank(question, texts, signal)
const rounded = (scores: readonly number[]): number[] => scores.map((score) => Math.round(score * 100) / 100)

describe('a cross-encoder', () => {
  it.each([1, 2] as const)('scores texts in their order, in both languages, with %s logits', async (logits) => {
    await open({ model: await writeOverlapModel(join(folder, `logits${logits}`), WORDS, logits) })
    expect(rounded(await ask('return parcel', ['oslo', 'Return the PARCEL!', 'a parcel', '']))).toEqual([0.02, 0.98, 0.5, 0.02])
    expect(rounded(await ask('退货', ['发票', '如何退货？', '退']))).toEqual([0.02, 0.98, 0.5])
    expect(await ask('return', [])).toEqual([])
  })

  it('scores more texts than one run takes, each as it is alone', async () => {
    await open()
    const texts = Array.from({ length: 100 }, (_, index) => `${'filler '.repeat(index % 50)}${index % 3 === 0 ? 'return parcel' : 'oslo'}`)
    const scores = rounded(await ask('return parcel', texts))
    for (const [index, score] of scores.entries()) expect(score).toBe(index % 3 === 0 ? 0.98 : 0.02)
  })

  it('cuts the text, not the question, and a question to half of what the model takes', async () => {
    await open()
    const long = 'filler '.repeat(20_000)
    expect(rounded(await ask('return parcel', [`return parcel ${long}`, `${long} return parcel`]))).toEqual([0.98, 0.02])
    const [longQuestion] = await ask(`return ${long}`, ['return filler'])
    expect(longQuestion).toBeGreaterThan(0.97)
    expect(rounded(await ask('退'.repeat(8_192), ['退']))).toEqual([0.98])
  })

  it('obtains a folder by its settings, and refuses what is no cross-encoder, naming the setting', async () => {
    const { settings } = loadSettings({}, { CACHE_DIR: folder })
    const obtained = await obtainReranker(model.folder, settings, silent)
    expect(obtained).toMatchObject({ name: model.folder, dtype: 'fp32', tokensMax: 64 })
    await open({ model: obtained })
    expect(rounded(await ask('refund', ['refund']))).toEqual([0.98])
    await expectRejection(obtainReranker('no-such-model', settings, silent), 'bad_setting', 'COLLOQUY_RERANK_MODEL')
    const vectors = join(folder, 'vectors')
    await writeWordVectors(vectors, WORDS)
    await expectRejection(open({ model: { ...model, folder: vectors } }), 'bad_model', /no output logits.*COLLOQUY_RERANK_MODEL/s)
    const three = await writeOverlapModel(join(folder, 'three'), WORDS, 3)
    await expectRejection(open({ model: three }), 'bad_model', /3 logits.*COLLOQUY_RERANK_MODEL/s)
    const damaged = await writeOverlapModel(join(folder, 'damaged'), WORDS)
    await writeFile(join(damaged.folder, 'onnx/model.onnx'), 'rubbish')
    await expectRejection(open({ model: damaged }), 'bad_model', damaged.folder)
  })
})

describe('a cross-encoder whose thread ends or hangs', () => {
  const threadModule = new URL('../../support/odd-rerank-worker.ts', import.meta.url)

  it('fails what it was asked, and is restarted', async () => {
    await open({ threadModule })
    const lost = await Promise.allSettled([ask('crash', ['a']), ask('return', ['return'])])
    for (const one of lost) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'rerank_failed' } })
    await expect.poll(() => ask('return', ['return']).then(rounded, () => 'away'), { timeout: 20_000 }).toEqual([0.98])
  })

  it('lets those go who do not wait, refuses more than its bound, and closes without it', async () => {
    await open({ threadModule, stopMsMax: 10 })
    const leaving = new AbortController()
    const asked = Array.from({ length: 32 }, () => ask('hang', ['a'], leaving.signal))
    await expectRejection(ask('return', ['return']), 'rerank_failed', '32 questions')
    leaving.abort()
    for (const one of await Promise.allSettled(asked)) expect(one.status).toBe('rejected')
    await reranker?.close()
    await expectRejection(ask('return', ['return']), 'rerank_failed', 'closed')
  })
})
