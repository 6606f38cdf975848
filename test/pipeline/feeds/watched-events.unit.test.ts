import { expect, test } from 'vitest'
import { createWatchedEvents } from '../../../pipeline/feeds/watched-events.ts'

const AT = '2026-01-01T00:00:00.000Z'
const trigger = (id: string, tenant = 'acme') => ({ tenant, kind: 'trigger', id })
const desk = { tenant: 'acme', kind: 'desk', id: 'd1' }
const record = (...emitted: { type: string; data: Record<string, unknown> }[]) => ({
  outcome: 'committed' as const,
  at: AT,
  emitted: emitted.map((one, index) => ({ ...one, id: String(index) })),
})
const cost = { kind: 'desk', type: 'sold', value: 'price.cents' }

test('an event is a reading of the series whose triggers watch it, once a series', () => {
  const watched = createWatchedEvents()
  expect(watched.subjects()).toEqual(['log.*.*.trigger.*'])
  for (const id of ['a', 'b']) watched.set(trigger(id), 'prices', cost)
  watched.set(trigger('c'), 'sales', { kind: 'desk', type: 'sold' })
  watched.set(trigger('a', 'other'), 'prices', { ...cost, kind: 'other' })
  expect(watched.subjects()).toEqual(['log.*.*.trigger.*', 'log.*.acme.desk.*', 'log.*.other.other.*'])
  const sold = { type: 'sold', data: { price: { cents: 250 } } }
  expect(watched.take(desk, record(sold, { type: 'asked', data: {} }))).toEqual([
    { series: 'prices', at: AT, value: 250 },
    { series: 'sales', at: AT, value: 1 },
  ])
  expect(watched.take(desk, { ...record(sold), outcome: 'rejected' })).toEqual([])
})

test.each([[{}], [{ price: 3 }], [{ price: { cents: '3' } }], [{ price: { cents: 1e101 } }], [{ price: null }]])(
  '%j has no reading',
  (data) => {
    const watched = createWatchedEvents()
    watched.set(trigger('a'), 'prices', cost)
    expect(watched.take(desk, record({ type: 'sold', data }))).toEqual([])
  },
)

test('a trigger changes and ends its watch by what it emits', () => {
  const watched = createWatchedEvents()
  const says = (series: string | null, watch: object | null) =>
    watched.take(trigger('a'), record({ type: 'trigger.watching', data: { series, watch } }))
  says('prices', cost)
  expect(watched.take(desk, record({ type: 'sold', data: { price: { cents: 1 } } }))).toHaveLength(1)
  says('prices', { ...cost, kind: 'shop' })
  expect(watched.subjects()).toEqual(['log.*.*.trigger.*', 'log.*.acme.shop.*'])
  says(null, null)
  expect(watched.subjects()).toEqual(['log.*.*.trigger.*'])
})

test('subjects do not overlap, and all of LOG is read where they are too many', () => {
  const watched = createWatchedEvents()
  watched.set(trigger('a'), 'alerts', { kind: 'trigger', type: 'alert.raised' })
  expect(watched.subjects()).toEqual(['log.*.*.trigger.*'])
  for (let kind = 0; kind < 64; kind++) watched.set(trigger(`t${kind}`), 'all', { kind: `k${kind}`, type: 'x' })
  expect(watched.subjects()).toEqual([])
})
