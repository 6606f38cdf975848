import { expect, test } from 'vitest'
import { createTrade } from '../../../../actors/kinds/trade/kind.ts'
import { explore } from '../../../../actors/testkit/explore/explore.ts'
import { given } from '../../../../actors/testkit/scenario.ts'

const trade = createTrade({ dailyMax: 10 })
const ORDER = { side: 'sell', quantity: 6 } as const

test('orders stay within the limit of a day', () => {
  const full = given(trade)
    .when('order.placed', ORDER)
    .thenEmitted('order.accepted', { ...ORDER, left: 4 })
    .when('order.placed', ORDER)
    .thenEmitted('order.refused', { reason: 'limit' })
  full.when('order.placed', { side: 'buy', quantity: 4 }).thenEmitted('order.accepted', { left: 0 })
  full.after('1d').when('order.placed', ORDER).thenEmitted('order.accepted', { left: 4 })
})

test('the kill switch stops all orders until somebody resumes trading', () => {
  given(trade)
    .when('trading.stopped', { by: 'ann' })
    .when('order.placed', ORDER)
    .thenEmitted('order.refused', { reason: 'stopped' })
    .when('trading.resumed', { by: 'ann' })
    .when('order.placed', ORDER)
    .thenEmitted('order.accepted', {})
})

test('survives every walk', () => {
  const { unreached, ineffective } = explore(trade, {
    runs: 100,
    restingStates: ['open', 'stopped'],
    events: { 'order.placed': [{ side: 'buy', quantity: 3 }] },
    invariant({ state, context: { traded }, records }) {
      if (traded > 10) return `it has traded ${traded} of 10 a day`
      const accepts = records.flatMap(({ emitted }) => emitted).some(({ type }) => type === 'order.accepted')
      return accepts && state === 'stopped' ? 'it is stopped, and takes an order' : undefined
    },
  })
  expect({ unreached, ineffective }).toEqual({ unreached: [], ineffective: [] })
})
