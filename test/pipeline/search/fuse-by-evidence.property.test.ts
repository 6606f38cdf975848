import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cosineEvidence, fuseByEvidence } from '../../../pipeline/search/fuse-by-evidence.ts'
import type { StoreHit } from '../../../pipeline/search/vector-store.ts'
import { foundHit } from '../../support/found-hit.ts'

/** A hit as a store may return it: also without a score, or with one that is no number. */
const score = (max: number) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 1_000 }).map((part) => (part / 1_000) * max) },
    { weight: 1, arbitrary: fc.constantFrom(null, NaN, Infinity, -Infinity) },
  )
const hits = fc
  .array(fc.record({ similarity: score(1), keyword: score(1), bm25: score(40) }), { maxLength: 60 })
  .map((all) => all.map((scores, index) => foundHit(`h${index}`, { ...scores, seq: index })))
const kinds = fc.constantFrom('semantic', 'lexical')
const namesOf = (all: readonly { readonly hit: StoreHit }[]): string[] => all.map(({ hit }) => hit.source)

describe('fusion by evidence', () => {
  it('keeps the order when all cosines change linearly, also when all are above 0.9', () => {
    fc.assert(
      fc.property(hits, kinds, fc.constantFrom([0.1, 0.9], [0.3, 0.7], [0.5, -0.5], [2, 0]), (all, kind, [factor, offset]) => {
        const moved = all.map((hit) => ({ ...hit, similarity: hit.similarity === null ? null : hit.similarity * factor + offset }))
        // Rounding may part or join what differs by 1e-9.
        const order = namesOf(fuseByEvidence(all, cosineEvidence(kind)))
        const other = namesOf(fuseByEvidence(moved, cosineEvidence(kind)))
        expect(other[0]).toBe(order[0])
        expect(other).toEqual(order)
      }),
    )
  })

  it('keeps the order whatever order the store returns, and never returns fewer hits', () => {
    fc.assert(
      fc.property(hits, kinds, (all, kind) => {
        const order = namesOf(fuseByEvidence(all, cosineEvidence(kind)))
        expect(namesOf(fuseByEvidence(all.toReversed(), cosineEvidence(kind)))).toEqual(order)
        expect(order.toSorted()).toEqual(namesOf(all.map((hit) => ({ hit }))).toSorted())
      }),
    )
  })

  it('keeps the order of words where the model does not know the language, and lets it decide between equal ones', () => {
    const evidence = cosineEvidence('semantic', { unrelated: 0.5, related: 0.4, isKnown: false })
    const bm25 = [12, 9, 6, 6, 3, 3, 3, 3, 3, 3]
    const all = bm25.map((value, index) => foundHit(`h${index}`, { bm25: value, keyword: value / 20, similarity: index / 10, seq: index }))
    expect(namesOf(fuseByEvidence(all, evidence)).slice(0, 4)).toEqual(['h0', 'h1', 'h3', 'h2'])
    expect(namesOf(fuseByEvidence(all, cosineEvidence('semantic')))[0]).not.toBe('h0')
  })

  it('gives scores from 0 to 1 that never rise down the list, and are never less than what a hit has by itself', () => {
    const scales = fc.constantFrom(
      undefined,
      { unrelated: 0.9, related: 0.95, isKnown: true },
      { unrelated: 0.5, related: 0.4, isKnown: false },
    )
    fc.assert(
      fc.property(hits, kinds, scales, (all, kind, scale) => {
        const evidence = cosineEvidence(kind, scale)
        let least = 1
        for (const { hit, score: shown } of fuseByEvidence(all, evidence)) {
          expect(shown).toBeGreaterThanOrEqual(0)
          expect(shown).toBeLessThanOrEqual(least)
          if (Number.isFinite(hit.keyword)) expect(shown).toBeGreaterThanOrEqual((1 - evidence.shown) * (hit.keyword ?? 0) - 1e-12)
          least = shown
        }
      }),
    )
  })
})
