import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLowWatermark } from '../../../pipeline/runtime/low-watermark.ts'
import { withPosition, type StreamPosition } from '../../../pipeline/jetstream/position-history.ts'

describe('a position tracker', () => {
  /** For each step whether a sequence is taken, how far on, or one that is open is finished. */
  const step = fc.record({ gap: fc.integer({ min: 1, max: 5 }), takes: fc.boolean(), pick: fc.nat() })
  const steps = fc.array(step, { maxLength: 60, size: 'max' })

  test('is at the highest sequence up to which all that was taken is finished, and never goes back', () => {
    fc.assert(fc.property(fc.nat(1_000), steps, (start, all) => {
      const tracker = createLowWatermark(start)
      const open: number[] = []
      let [taken, low] = [start, start]
      for (const { gap, takes, pick } of all) {
        const [finished] = takes ? [] : open.splice(pick % Math.max(open.length, 1), 1)
        if (finished === undefined) {
          taken += gap
          tracker.take(taken)
          open.push(taken)
        } else {
          tracker.finish(finished)
          // What was never taken needs no finishing: it is another reader's.
          expect(tracker.low).toBe(open.length === 0 ? taken : Math.min(...open) - 1)
        }
        expect(tracker.low).toBeGreaterThanOrEqual(low)
        expect(open.every((seq) => seq > tracker.low)).toBe(true)
        expect(tracker.unfinished).toBe(open.length)
        low = tracker.low
      }
    }))
  })

  test('is at its start until something is finished', () => {
    const tracker = createLowWatermark(7)
    tracker.take(9)
    expect([tracker.low, tracker.unfinished]).toEqual([7, 1])
  })
})

describe('a ring of positions', () => {
  /** The newest, the one before it, the beginning, and one for each class of age. */
  const RING_MAX = 16
  const BIRTHS = ['2026-01-01T00:00:00Z', '2026-02-02T00:00:00Z']
  const START = Date.parse('2026-03-03T00:00:00Z')

  /** Positions as a checkpoint gets them: later and later; now and then the stream is new, or has gone back. */
  const history = fc.array(fc.record({
    forward: fc.integer({ min: 1, max: 1_000 }),
    waitMs: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 40 * 86_400_000 })),
    turn: fc.constantFrom('on', 'on', 'on', 'on', 'on', 'on', 'on', 'on', 'back', 'new'),
  }), { maxLength: 120, size: 'max' })

  function positions(all: readonly { forward: number; waitMs: number; turn: string }[]): StreamPosition[] {
    let [seq, at, births] = [100_000, START, 0]
    return all.map(({ forward, waitMs, turn }) => {
      at += waitMs
      births += turn === 'new' ? 1 : 0
      seq = turn === 'back' ? Math.floor(seq / 2) : seq + forward
      return { created: BIRTHS[births % 2] ?? '', seq, ts: new Date(at).toISOString() }
    })
  }

  test('has the newest position first, the others in order of their age and sequence, and never more than its bound', () => {
    fc.assert(fc.property(history, (all) => {
      let ring: StreamPosition[] = []
      for (const position of positions(all)) {
        const before = ring
        ring = withPosition(ring, position)

        expect(ring[0]).toEqual(position)
        expect(ring.length).toBeLessThanOrEqual(RING_MAX)
        for (const [index, kept] of ring.slice(1).entries()) {
          expect(kept.seq).toBeLessThan(ring[index]?.seq ?? 0)
          expect(kept.ts <= (ring[index]?.ts ?? '')).toBe(true)
          expect(kept.created).toBe(position.created)
          expect(before).toContainEqual(kept)
        }
        const [previous] = before
        if (previous !== undefined && previous.created === position.created && previous.seq < position.seq) {
          expect(ring[1]).toEqual(previous)
        }
      }
    }))
  })

  test('reaches back over hours with a checkpoint every half second, and keeps the beginning', () => {
    const beginning: StreamPosition = { created: 'c', seq: 0, ts: '' }
    let ring = [beginning]
    for (let tick = 0; tick < 2 * 3_600 * 6; tick++) {
      ring = withPosition(ring, { created: 'c', seq: tick + 1, ts: new Date(START + tick * 500).toISOString() })
    }
    const ages = ring.map(({ ts }) => (Date.parse(ring[0]?.ts ?? '') - Date.parse(ts)) / 1000)
    expect(ages[1]).toBe(0.5)
    expect(Math.max(...ages.slice(0, -1))).toBeGreaterThan(3_600)
    expect(ring.at(-1)).toEqual(beginning)
  })
})
