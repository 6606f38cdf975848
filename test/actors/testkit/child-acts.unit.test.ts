import { expect, test } from 'vitest'
import { explore } from '../../../actors/testkit/explore/explore.ts'
import { createRecording } from '../../../actors/testkit/recorded.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import { fails } from '../../../actors/testkit/task-stubs.ts'
import { parseActorKey } from '../../../schemas/subjects.ts'
import { createActorTown } from '../../support/actor-town.ts'
import { billingKind, orderKind } from '../../support/billed-order.ts'

test('a test ends the children of an actor', () => {
  const placed = given(orderKind).when('placed', { amount: 3 }).thenState('billing').thenChild('bill', { amount: 3 })
  placed.childEnds('bill', { receipt: 'r1' }).thenStatus('done').thenContext({ receipt: 'r1' }).thenNoChild()
  placed.childEnds('bill', fails('child_error')).thenState('failed')
  placed.when('cancelled', {}).thenNoChild('bill')
})

test('a wrong name, and an output that does not fit the kind of the child, fail the test', () => {
  const placed = given(orderKind).when('placed', { amount: 3 })
  expect(() => placed.childEnds('bil', {})).toThrow('no child "bil" is running; running: "bill"')
  expect(() => placed.childEnds('bill', { receipt: 7 })).toThrow(/bad_stub|does not match its kind: output\.receipt/)
  expect(() => placed.thenNoChild()).toThrow('running: bill')
})

test('a test is the parent of an actor whose kind takes an input', () => {
  const charging = given(billingKind, { input: { order: 'o', amount: 7 } })
    .thenState('charging')
    .thenTask('charge', { amount: 7 })
  charging
    .taskEnds('charge', { receipt: 'r' })
    .thenSent('parent', 'parent', 'progress', { receipt: 'r' })
    .when('confirm', { receipt: 'r' })
    .thenStatus('done')
    .thenSent('parent', 'parent', 'xstate.done.actor.child', { output: { receipt: 'r' } })
  charging.parentStops().thenStatus('stopped')
  given(billingKind, { input: { order: 'o' } }).thenRejected('bad_data')
})

test('explore ends children, and starts as a child what takes an input', () => {
  expect(explore(orderKind, { runs: 100, restingStates: ['failed'] }).unreached).toEqual([])
  expect(explore(billingKind, { runs: 100 }).unreached).toEqual([])
})

test('recorded histories of parent and child become tests', () => {
  const town = createActorTown([orderKind, billingKind])
  town.publish('acme/order/o1', 'placed', { amount: 7 })
  town.settle()
  const [{ kind = '', actor = '' } = {}] = Object.values(town.last('acme/order/o1').state?.children ?? {})
  town.taskEnds(`acme/${kind}/${actor}`, { output: { receipt: 'r1' } })
  town.settle()
  town.publish('acme/order/o1', 'confirm', { receipt: 'r1' })
  town.settle()
  for (const [key, records] of town.records) {
    const address = parseActorKey(key)
    if (address === undefined) throw new Error(key)
    const recording = createRecording(address.kind === 'order' ? orderKind : billingKind, address, records)
    recording.thenAsRecorded().thenStatus('done')
    const code = recording.toCode()
    expect(code).not.toMatch(/xstate|thenSent\('billing'|thenSent\('order'/)
    expect(code).toContain(address.kind === 'order' ? ".childEnds('bill', { receipt: 'r1' })" : "input: { order: 'o', amount: 7 }")
  }
})
