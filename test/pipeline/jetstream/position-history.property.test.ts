import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type StreamPosition, withPosition } from '../../../pipeline/jetstream/position-history.ts'

describe('a position history', () => {
  /** The newest, the one before it, the oldest, and one for each class of age. */
  const POSITIONS_MAX = 16
  const BIRTHS = ['2026-01-01T00:00:00Z', '2026-02-02T00:00:00Z']
  const START = Date.parse('2026-03-03T00:00:00Z')

  /** Positions in the order of checkpoints. Now and then the stream is recreated, or was truncated. */
  const history = fc.array(
    fc.record({
      forward: fc.integer({ min: 1, max: 1_000 }),
      waitMs: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 40 * 86_400_000 })),
      turn: fc.constantFrom('on', 'on', 'on', 'on', 'on', 'on', 'on', 'on', 'back', 'new'),
    }),
    { maxLength: 120, size: 'max' },
  )

  function positions(all: readonly { forward: number; waitMs: number; turn: string }[]): StreamPosition[] {
    let [seq, at, births] = [100_000, START, 0]
    return all.map(({ forward, waitMs, turn }) => {
      at += waitMs
      births += turn === 'new' ? 1 : 0
      seq = turn === 'back' ? Math.floor(seq / 2) : seq + forward
      return { created: BIRTHS[births % 2] ?? '', seq, ts: new Date(at).toISOString() }
    })
  }

  test('has the newest position first, the others by age and sequence, and never exceeds its bound', () => {
    fc.assert(
      fc.property(history, (all) => {
        let recorded: StreamPosition[] = []
        for (const position of positions(all)) {
          const before = recorded
          recorded = withPosition(recorded, position)

          expect(recorded[0]).toEqual(position)
          expect(recorded.length).toBeLessThanOrEqual(POSITIONS_MAX)
          for (const [index, kept] of recorded.slice(1).entries()) {
            expect(kept.seq).toBeLessThan(recorded[index]?.seq ?? 0)
            expect(kept.ts <= (recorded[index]?.ts ?? '')).toBe(true)
            expect(kept.created).toBe(position.created)
            expect(before).toContainEqual(kept)
          }
          const [previous] = before
          if (previous !== undefined && previous.created === position.created && previous.seq < position.seq) {
            expect(recorded[1]).toEqual(previous)
          }
        }
      }),
    )
  })

  test('covers hours with a checkpoint every half second, and keeps the oldest position', () => {
    const beginning: StreamPosition = { created: 'c', seq: 0, ts: '' }
    let recorded = [beginning]
    for (let tick = 0; tick < 2 * 3_600 * 6; tick++) {
      recorded = withPosition(recorded, { created: 'c', seq: tick + 1, ts: new Date(START + tick * 500).toISOString() })
    }
    const ages = recorded.map(({ ts }) => (Date.parse(recorded[0]?.ts ?? '') - Date.parse(ts)) / 1000)
    expect(ages[1]).toBe(0.5)
    expect(Math.max(...ages.slice(0, -1))).toBeGreaterThan(3_600)
    expect(recorded.at(-1)).toEqual(beginning)
  })
})
