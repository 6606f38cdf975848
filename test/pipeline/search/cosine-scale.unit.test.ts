import { describe, expect, it } from 'vitest'
import type { EmbedAs } from '../../../pipeline/embedding/embedding-model.ts'
import { measureCosineScales, relatednessBy } from '../../../pipeline/search/cosine-scale.ts'
import { ColloquyError } from '../../../schemas/errors.ts'

const SIZE = 40
type Vectors = (text: string, index: number, as: EmbedAs) => Float32Array | ColloquyError
const measured = (vector: Vectors) =>
  measureCosineScales({ embedEach: (texts, as) => Promise.resolve(texts.map((text, index) => vector(text, index, as))) })

/** A vector of length 1 whose cosines with those of other indexes are `base`, and with those of its own index 0.03 more. */
function narrow(base: number, index: number, as: EmbedAs): Float32Array {
  const vector = new Float32Array(SIZE)
  const own = as === 'query' ? 0.03 / Math.sqrt(1 - base) : Math.sqrt(1 - base)
  vector[SIZE - 1] = Math.sqrt(base)
  vector[index] = own
  return vector
}

describe('the scale of the cosines of a model', () => {
  it('is that of the language of the question, also with cosines above 0.9', async () => {
    const scaleOf = await measured((text, index, as) => narrow(/\p{Script=Han}/u.test(text) ? 0.95 : 0.9, index, as))
    expect(scaleOf('Where is it?')).toMatchObject({
      unrelated: expect.closeTo(0.9, 4) as number,
      related: expect.closeTo(0.93, 4) as number,
    })
    expect(scaleOf('在哪里?')).toMatchObject({ unrelated: expect.closeTo(0.95, 4) as number, isKnown: true })
    const related = relatednessBy({ unrelated: 0.9, related: 0.94, isKnown: true })
    expect([0.5, 0.9, 0.92, 0.94, 1].map((cosine) => Math.round(related(cosine) * 100))).toEqual([0, 0, 50, 100, 100])
  })

  it('says that a model does not know a language where it tells answers from other texts no better than by chance', async () => {
    const scaleOf = await measured((text, index, as) =>
      narrow(0.8, /\p{Script=Han}/u.test(text) && as === 'query' ? (index + 1) % 16 : index, as),
    )
    expect(scaleOf('Where is it?')?.isKnown).toBe(true)
    expect(scaleOf('在哪里?')?.isKnown).toBe(false)
  })

  it('does not exist for a model that fails on the examples or gives vectors that are not finite', async () => {
    expect((await measured(() => new ColloquyError('embed_failed', 'no')))('x')).toBeUndefined()
    expect((await measured(() => new Float32Array(SIZE).fill(NaN)))('x')).toBeUndefined()
  })
})
