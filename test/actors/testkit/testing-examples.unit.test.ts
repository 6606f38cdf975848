import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { explore, fails, given, inTurn, never, takes } from '../../../infra/testkit.ts'
import { refund } from '../../support/kit-kinds.ts'

/** The examples of docs/testing.md, word for word; the last test compares the two. */
// prettier-ignore
test('a refund that nobody looks at within a day is paid', () => {
  given(refund)
    .task('pay', takes('5s', ({ amount }) => ({ receipt: `r-${amount}` })))
    .when('refund.asked', { amount: 250 })
    .thenState('review')
    .after('23h')
    .thenState('review')
    .after('1h')
    .thenTask('pay', { amount: 250 })
    .after('5s')
    .thenEmitted('refund.paid', { receipt: 'r-250' })
    .thenStatus('done')
})

test('a payment that fails is tried again after ten minutes, three times at the most', () => {
  given(refund)
    .task('pay', inTurn(fails('http_500'), never, { receipt: 'third' }))
    .when('refund.asked', { amount: 1 })
    .thenState('stuck')
    .after('21m')
    .thenEmitted('refund.paid', { receipt: 'third' })
    .thenContext({ tries: 3 })
})

const asked = given(refund).when('refund.asked', { amount: 500 })

test('a large refund may be refused', () => {
  asked.when('refund.refused', {}).thenEmitted('refund.denied').thenState('denied')
})

test('and approved', () => {
  asked.when('refund.approved', { by: 'Ann' }).taskEnds('pay', { receipt: 'r1' }).thenSent('ledger', 'main', 'booked', { amount: 500 })
})

test('random walks find no fault and come everywhere', () => {
  const { unreached, ineffective } = explore(refund, {
    restingStates: ['stuck'],
    events: { 'refund.asked': [{ amount: 99 }, { amount: 100 }] },
  })
  expect(unreached).toEqual([])
  expect(ineffective).toEqual([])
})

// prettier-ignore
test('what happened to acme/refund/r7', () => {
  given(refund, { tenant: 'acme', id: 'r7', at: '2026-01-01T00:00:00.000Z' })
    .when('refund.asked', { amount: 20 }, { id: 'm-1' })
    .thenState('paying')
    .thenTask('pay', { amount: 20 })
    .taskEnds('pay', fails('http_500', 'it\'s down'))
    .thenState('stuck')
})

test('every example of docs/testing.md is here', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  const [page, here] = [read('../../../docs/testing.md'), read('./testing-examples.unit.test.ts')]
  const examples = [...page.matchAll(/(<!-- not run here.*-->\n+)?```ts\n([^]*?)```/g)].filter(([, notHere]) => notHere === undefined)
  expect(examples.length).toBeGreaterThan(4)
  for (const [, , example = ''] of examples) expect(here).toContain(example)
})
