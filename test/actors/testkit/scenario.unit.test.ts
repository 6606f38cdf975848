import { AssertionError } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { given } from '../../../actors/testkit/scenario.ts'
import { fails, inTurn, never, takes } from '../../../actors/testkit/task-stubs.ts'
import { refund } from '../../support/kit-kinds.ts'
import { tellerKind } from '../../support/sender-kinds.ts'
import { someAnswer, someHits, support } from '../../support/support-harness.ts'
import { toyKind } from '../../support/toy-kind.ts'

/** The message of the error that a failing test throws. */
function failureOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  throw new Error('it did not fail')
}

describe('a scenario', () => {
  test('describes inputs, time and tasks in one chain', () => {
    given(refund)
      .task(
        'pay',
        takes('5s', ({ amount }) => ({ receipt: `r-${amount}` })),
      )
      .when('refund.asked', { amount: 250 })
      .thenState('review')
      .thenTimer('1 day')
      .after('23h')
      .thenState('review')
      .thenNothing()
      .when('refund.approved', { by: 'Ann' })
      .thenTask('pay', { amount: 250 })
      .thenState('paying')
      .after('5s')
      .thenEmitted('refund.paid', { receipt: 'r-250' })
      .thenSent('ledger', 'main', 'booked', { amount: 250 })
      .thenStatus('done')
      .thenLabel({ amount: 250, tries: 1 })
  })

  test('that fails lists events sent to other actors', () => {
    expect(failureOf(() => given(tellerKind).when('pay', { to: 'bob', no: 3 }).thenState('paid'))).toContain(
      'sends booked to ledger/bob {"no":3}, booked to ledger/bob {"no":-3}',
    )
  })

  test('is immutable: several tests branch from one beginning', () => {
    const asked = given(refund).when('refund.asked', { amount: 500 })
    asked.when('refund.refused', {}).thenEmitted('refund.denied').thenState('denied')
    asked.task('pay', { receipt: 'r' }).after('1 day').thenEmitted('refund.paid')
    asked
      .thenState('review')
      .thenContext({ amount: 500 })
      .thenContext(({ tries }) => tries === 0)
    expect(asked.records).toHaveLength(1)
  })

  test('delivers timers, results and deadlines in order, however much time passes at once', () => {
    const tried = given(refund)
      .task('pay', inTurn(never, fails('http_500'), { receipt: 'third' }))
      .when('refund.asked', { amount: 1 })
    const times = tried
      .after('21m')
      .thenEmitted('refund.paid', { receipt: 'third' })
      .records.map(({ at, input }) => [at.slice(11, 19), input.type])
    expect(times).toEqual([
      ['00:00:00', 'refund.asked'],
      ['00:01:00', 'task.expired'],
      ['00:11:00', 'timer.fired'],
      ['00:11:00', 'task.failed'],
      ['00:21:00', 'timer.fired'],
      ['00:21:00', 'task.done'],
    ])
  })

  test('advances step by step where tasks have no stubs', () => {
    given(refund)
      .when('refund.asked', { amount: 1 })
      .taskEnds('pay', fails('http_500'))
      .thenState('stuck')
      .timerFires()
      .thenState('paying')
      .taskExpires('pay')
      .thenState('stuck')
      .timerFires()
      .taskEnds('pay', { receipt: 'r' })
      .thenState('paid')
  })

  test('knows the initial state, where an unhandled input has no effect', () => {
    given(refund).thenState('idle').when('refund.approved', { by: 'Ann' }).thenNothing().thenState('idle')
  })

  test('recognises duplicates and history', () => {
    given(toyKind)
      .when('add', { by: 1 }, { id: 'm' })
      .when('add', { by: 1 }, { id: 'm' })
      .thenNothing()
      .thenContext({ count: 1 })
      .when('add', { by: 5 }, { history: true })
      .thenNothing()
      .thenContext({ count: 1 })
  })

  test('publishes anything a producer may, and expects rejections by their reason', () => {
    const scenario = given(refund)
    scenario.whenRaw({ type: 'refund.asked', data: { amount: 'much' } }).thenRejected('bad_data')
    scenario.whenRaw('not json').thenRejected('bad_json')
    scenario.whenRaw({ type: 'refund.asked', data: { amount: 5 } }).thenState('paying')
    given(toyKind).when('throw', {}).thenRejected('poison').when('add', { by: 1 }).thenState('open.idle')
  })

  test('matches emitted events one after the other', () => {
    const twice = given(support)
      .task('lookup', { hits: someHits })
      .task('answer', someAnswer)
      .when('message.received', { role: 'user', text: '怎么退货' })
    twice.thenEmitted('message.sent', { lang: 'zh' })
    expect(failureOf(() => twice.thenEmitted('message.sent').thenEmitted('message.sent'))).toContain(
      'of which the first 1 were examined before',
    )
  })

  test('starts at any time, and the machine sees the simulated one', () => {
    const later = given(toyKind, { at: '2027-03-01T10:00:00Z' }).when('add', { by: 1 }).until('2027-03-01T12:00:00Z')
    expect(later.now).toBe('2027-03-01T12:00:00.000Z')
    expect(later.records[0]?.at).toBe('2027-03-01T10:00:00.000Z')
    expect(() => later.until('2027-03-01T11:00:00Z')).toThrow('is not a time from')
  })
})

describe('a scenario that fails says', () => {
  const asked = given(refund).when('refund.asked', { amount: 250 })

  test('what was expected, what is, and how it came to that', () => {
    const message = failureOf(() => asked.after('2h').thenState('paying'))
    expect(message).toContain('expected state "paying", but it is in "review"')
    expect(message).toContain('The next scheduled event is a timer, in 22h')
    expect(message).toMatch(
      /when refund.asked \{"amount":250\}\n +\+0s +refund.asked {2}· → review; sets xstate.after.86400000.refund.review for 2026-01-02T/,
    )
    expect(message).toContain('after 2h')
  })

  test('where fields differ, and passes both sides to the test runner', () => {
    try {
      asked.thenContext({ amount: 251 })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(AssertionError)
      expect(error).toMatchObject({ expected: { amount: 251 }, actual: { amount: 250, tries: 0 }, operator: 'then' })
    }
  })

  test.each<[string, () => unknown, string]>([
    ['an event that did not go out', () => asked.thenEmitted('refund.paid'), 'expected that it emitted refund.paid; it emitted nothing'],
    [
      'an event that did',
      () => asked.when('refund.refused', {}).thenNotEmitted(),
      'expected no event to be emitted, but it emitted refund.denied {}',
    ],
    ['a task that was not started', () => asked.thenTask('pay'), 'it started nothing'],
    [
      'a task with another input',
      () => given(refund).when('refund.asked', { amount: 3 }).thenTask('pay', { amount: 4 }),
      'amount: expected 4, got 3',
    ],
    ['something that was sent', () => asked.thenSent('ledger', 'main', 'booked'), 'it sent nothing'],
    ['a timer', () => asked.thenTimer('2h'), 'pending: xstate.after.86400000.refund.review at 2026-01-02T00:00:00.000Z'],
    ['that something came of it', () => asked.thenNothing(), 'expected no effect'],
    ['a label', () => asked.thenLabel({ amount: 1 }), 'the label differs\n  amount: expected 1, got 250'],
    ['a status', () => asked.thenStatus('done'), 'expected status "done", but it is "active"'],
    ['that nothing was rejected', () => asked.thenRejected('ended'), 'it was not rejected'],
    [
      'a rejection that nobody expected',
      () => given(refund).whenRaw({}).thenState('idle'),
      "If this is intended: .thenRejected('bad_envelope')",
    ],
    ['another reason', () => given(refund).whenRaw({}).thenRejected('bad_data'), 'it was rejected as "bad_envelope": type'],
    [
      'that a result is missing',
      () => given(refund).when('refund.asked', { amount: 3 }).thenState('paid'),
      "Task pay has no result: .task('pay', …) before",
    ],
    [
      'that a deadline passed which the test did not mean',
      () => given(refund).when('refund.asked', { amount: 3 }).after('2m'),
      ".task('pay', never)",
    ],
    ['that no run waits', () => asked.taskEnds('pay', { receipt: '' }), 'no run of task "pay" waits for a result'],
    ['that no timer is pending', () => given(refund).timerFires(), 'no timer is pending'],
    [
      'that inTurn has no more',
      () => given(refund).task('pay', inTurn(never)).when('refund.asked', { amount: 1 }).after('12m'),
      'run 2 of task "pay" has no outcome: inTurn(…) has 1',
    ],
    [
      'that a stub does not fit',
      () =>
        given(refund)
          .task('pay', () => JSON.parse('{"receipt":7}') as { receipt: string })
          .when('refund.asked', { amount: 1 }),
      'output.receipt',
    ],
  ])('%s', (_, work, says) => {
    expect(failureOf(work)).toContain(says)
  })

  test('that an error of a task ended the actor', () => {
    const risk = given(toyKind)
      .task('answer', () => {
        throw new Error('no line')
      })
      .when('ask', { q: '?' })
    risk.thenState('open.failed')
  })
})
