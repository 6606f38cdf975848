import { expect, test } from 'vitest'
import type { Context } from '../../../../actors/kinds/support/context.ts'
import { createSupportHarness, someAnswer, someHits, understoodAs } from '../../../support/support-harness.ts'

const ASKS = { en: 'How long does delivery take?', zh: '送货要多久' } as const
const found = { hits: someHits, understood: understoodAs('new_topic'), byModel: true as const }

const cancel = (harness: Harness, message: string) => harness.event('reply.cancel', { message })
type Harness = ReturnType<typeof createSupportHarness>
const contextOf = (harness: Harness) => harness.actor.state?.context as Context

/** A case in which the first message is being answered. */
function answering(lang: 'en' | 'zh' = 'en'): Harness {
  const harness = createSupportHarness()
  harness.user(ASKS[lang], 'm-1')
  harness.result(found)
  return harness
}

test.each(['en', 'zh'] as const)('a cancel in %s stops the task at that reply, without an answer, and the case goes on', (lang) => {
  const harness = answering(lang)
  const { run } = harness.pendingTask
  cancel(harness, 'm-1')
  expect(harness.last).toMatchObject({
    input: { type: 'reply.cancel', data: { message: 'm-1' } },
    to: 'open.listening',
    stopped: expect.arrayContaining([run]) as string[],
  })
  expect(harness.last.ended).toMatchObject([{ run, status: 'stopped' }])
  expect(harness.emitted).toEqual([])
  expect(harness.result(someAnswer, run)).toEqual({ kind: 'ignored', why: 'no_such_run' })
  expect(contextOf(harness)).toMatchObject({ queue: [], failures: 0, misses: 0, turns: [{ role: 'user', text: ASKS[lang] }] })
  harness.user(ASKS[lang], 'm-2')
  harness.result(found)
  harness.result(someAnswer)
  expect(harness.emitted).toMatchObject([{ type: 'message.sent', data: { replyTo: 'm-2' } }])
})

test('a cancel while the message is looked up, or quoted, gives it up, too', () => {
  const lookingUp = createSupportHarness()
  lookingUp.user(ASKS.en, 'm-1')
  cancel(lookingUp, 'm-1')
  expect(lookingUp.last).toMatchObject({ to: 'open.listening', ended: [{ task: 'lookup', status: 'stopped' }] })
  const quoting = answering()
  quoting.fail()
  cancel(quoting, 'm-1')
  expect(quoting.last).toMatchObject({ to: 'open.listening', ended: [{ task: 'quote', status: 'stopped' }] })
})

test('the next message has its turn at once', () => {
  const harness = answering()
  harness.user(ASKS.zh, 'm-2')
  cancel(harness, 'm-1')
  expect(harness.last).toMatchObject({ to: 'open.answering.lookingUp', started: [{ task: 'lookup', input: { text: ASKS.zh } }] })
  expect(contextOf(harness).queue).toMatchObject([{ id: 'm-2' }])
})

test('a message that waits for its turn is given up, and the one being answered is not', () => {
  const harness = answering()
  const { run } = harness.pendingTask
  harness.user(ASKS.zh, 'm-2')
  cancel(harness, 'm-2')
  expect(harness.last.stopped).toEqual([])
  expect(contextOf(harness).queue).toMatchObject([{ id: 'm-1' }])
  harness.result(someAnswer, run)
  expect(harness.emitted).toMatchObject([{ data: { replyTo: 'm-1' } }])
  expect(harness.state).toBe('open.listening')
})

test('a cancel of anything else is recorded, and changes nothing', () => {
  const fresh = createSupportHarness()
  cancel(fresh, 'm-1')
  expect(fresh.last).toMatchObject({ outcome: 'committed', to: 'new' })
  const harness = answering()
  const before = contextOf(harness)
  cancel(harness, 'unknown')
  expect(harness.last).toMatchObject({
    outcome: 'committed',
    from: 'open.answering.composing',
    to: 'open.answering.composing',
    stopped: [],
  })
  expect(contextOf(harness)).toEqual(before)
  harness.result(someAnswer)
  cancel(harness, 'm-1')
  expect(harness.last).toMatchObject({ from: 'open.listening', to: 'open.listening' })
  harness.user('agent', 'm-2')
  cancel(harness, 'm-2')
  expect(harness.last).toMatchObject({ from: 'escalated.waiting', to: 'escalated.waiting' })
})

test('a customer who gave the last reply up, and then is silent, has no answer', () => {
  const harness = answering()
  cancel(harness, 'm-1')
  harness.fire()
  expect(harness.last).toMatchObject({ to: 'closed', emitted: [{ type: 'case.closed', data: { outcome: 'abandoned' } }] })
})
