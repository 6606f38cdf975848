import { describe, expect, it } from 'vitest'
import { meanQuality, qualityOf } from '../../../bench/eval/retrieval-metrics.ts'
import { readEnglish } from '../../../bench/eval/retrieval-sets.ts'

describe('measuring retrieval', () => {
  it('scores hits by their rank, and ignores ranks beyond ten', () => {
    expect(qualityOf(['a', 'b'], ['a'])).toEqual({ 'recall@1': 1, 'recall@10': 1, 'MRR@10': 1, 'nDCG@10': 1 })
    expect(qualityOf(['x', 'y', 'a'], ['a'])).toEqual({ 'recall@1': 0, 'recall@10': 1, 'MRR@10': 1 / 3, 'nDCG@10': 0.5 })
    const eleven = Array.from({ length: 10 }, (_, index) => `x${index}`)
    expect(qualityOf([...eleven, 'a'], ['a'])).toEqual({ 'recall@1': 0, 'recall@10': 0, 'MRR@10': 0, 'nDCG@10': 0 })
    expect(qualityOf(['a', 'x', 'b'], ['a', 'b'])).toMatchObject({ 'recall@1': 0.5, 'recall@10': 1, 'MRR@10': 1 })
    expect(meanQuality([qualityOf(['a'], ['a']), qualityOf(['x'], ['a'])])).toMatchObject({ 'recall@1': 0.5, 'MRR@10': 0.5 })
  })

  it('has at least a hundred English questions, each with an answer in the texts', async () => {
    const { docs, questions } = await readEnglish()
    expect(questions.length).toBeGreaterThanOrEqual(100)
    expect(new Set(questions.map(({ query }) => query)).size).toBe(questions.length)
    expect(docs.length).toBeGreaterThan(100)
  })
})
