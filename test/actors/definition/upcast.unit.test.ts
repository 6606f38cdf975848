import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { upcaster } from '../../../actors/definition/earlier-versions.ts'
import { readData } from '../../../actors/definition/upcast.ts'
import { given } from '../../../infra/testkit.ts'

const refund = defineKind({
  name: 'refund',
  version: 1,
  context: z.object({ cents: z.int(), currency: z.string() }),
  events: { 'refund.asked': z.object({ cents: z.int().positive(), currency: z.string() }) },
  emits: {},
  tasks: {},
  upcast: {
    'refund.asked': {
      1: upcaster(z.object({ amount: z.number() }), ({ amount }) => ({ cents: Math.round(amount * 100), currency: 'EUR' })),
      2: upcaster(z.object({ cents: z.int(), unit: z.string().optional() }), ({ cents }) => ({ cents, currency: 'EUR' })),
    },
  },
})
const kind = refund.with(
  setup(refund.xstate).createMachine({
    id: 'refund',
    context: { cents: 0, currency: '' },
    initial: 'new',
    states: { new: { on: { 'refund.asked': { actions: assign(({ event }) => event.data) } } } },
  }),
)

/** Inputs as producers published them at the time, byte for byte. */
const STORED = {
  first: '{"type":"refund.asked","id":"2019-1","time":"2019-03-01T10:00:00Z","source":"till","data":{"amount":12.34}}',
  second: '{"type":"refund.asked","id":"2022-9","source":"till","data":{"cents":500,"unit":"cent"}}',
  today: '{"type":"refund.asked","id":"2026-4","data":{"cents":700,"currency":"CNY"}}',
  versioned: '{"type":"refund.asked","id":"2022-8","dataversion":2,"data":{"cents":900,"currency":"not a field then"}}',
}

describe('an event whose shape has changed', () => {
  test.each([
    ['of the first version', STORED.first, { cents: 1234, currency: 'EUR' }],
    ['of the second', STORED.second, { cents: 500, currency: 'EUR' }],
    ['of today', STORED.today, { cents: 700, currency: 'CNY' }],
    ['whose producer says its version', STORED.versioned, { cents: 900, currency: 'EUR' }],
  ])('%s reaches the machine in the present shape', (_, stored, context) => {
    given(kind).whenRaw(stored).thenContext(context)
  })

  test.each([
    ['fits no shape there ever was', { data: { amount: 'much' } }, /data\.cents/],
    ['is of a version that nobody takes', { dataversion: 7, data: { cents: 1, currency: 'EUR' } }, /up to version 3/],
    ['does not have the shape of the version it says', { dataversion: 1, data: { cents: 1, currency: 'EUR' } }, /version 1.*amount/],
    ['is upcast to what today does not allow', { data: { amount: -1 } }, /upcast from version 1.*cents/],
  ])('is rejected where it %s', (_, more, error) => {
    given(kind)
      .whenRaw({ type: 'refund.asked', ...more })
      .thenRejected('bad_data')
    expect(readData(kind, { type: 'refund.asked', id: '1', source: 'till', time: '2026-01-01T00:00:00Z', ...more })).toMatchObject({
      ok: false,
      error: expect.stringMatching(error) as string,
    })
  })

  test('has upcasters keyed by version only', () => {
    expect(() =>
      defineKind({
        name: 'x',
        version: 1,
        context: z.object({}),
        events: { a: z.object({}) },
        emits: {},
        tasks: {},
        upcast: { a: { 0: upcaster(z.object({}), () => ({})) } },
      }),
    ).toThrow(/has the key/)
  })
})

defineKind({
  name: 'y',
  version: 1,
  context: z.object({}),
  events: { a: z.object({ n: z.number() }) },
  emits: {},
  tasks: {},
  // @ts-expect-error what an upcaster makes has the shape of today
  upcast: { a: { 1: upcaster(z.object({ m: z.number() }), ({ m }) => ({ m })) } },
})
