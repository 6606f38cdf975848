import type { LogRecord } from '../../schemas/record.ts'
import { reread, timeAt } from './core-helpers.ts'
import { createSupportHarness, someAnswer } from './support-harness.ts'

/** A record with every field that a record can have. */
export async function fullRecord(): Promise<LogRecord> {
  const harness = createSupportHarness()
  await harness.ask('How do I return an order?')
  harness.event('feedback.given', { rating: 4 })
  const { last } = harness
  const at = timeAt(1)
  const asked = { turn: 1, id: 'm1', seq: 3, at, committedAt: at, history: true as const, lang: 'en', intent: 'returns', confidence: 0.5 }
  const error = { code: 'x', message: 'y' }
  return reread({
    ...last,
    v: 2,
    due: at,
    reason: 'bad_data',
    error: 'e',
    subject: 's',
    payload: 'p',
    input: {
      ...last.input,
      sequence: 1,
      correlationid: 'c',
      causationid: 'd',
      traceparent: 't',
      attributes: { subject: 's' },
      history: true,
      dataversion: 1,
      data: { a: 1 },
    },
    state: {
      value: { a: 'b' },
      context: { a: 1 },
      history: {},
      tasks: { r: { task: 't', child: 'c', startedAt: at, deadlineAt: at, correlationid: 'c', traceparent: 't', refused: true } },
      timers: { r: { event: { type: 'e' }, sendId: 's', at } },
      children: {
        r: {
          src: 's',
          child: 'c',
          kind: 'k',
          actor: 'a',
          startedAt: at,
          spawned: true,
          correlationid: 'c',
          traceparent: 't',
          refused: true,
        },
      },
      entered: { a: at },
    },
    case: {
      ...last.case,
      open: [asked],
      quality: 0.5,
      customer: 'c',
      parent: { kind: 'k', id: 'i', run: 'r', child: 'c', depth: 1 },
      history: true,
      arrivedAt: at,
      channel: 'web',
      lang: 'en',
      intent: 'i',
      responded: { at, by: 'agent' },
      escalated: { at, reason: 'r' },
      ended: { at, outcome: 'o', drop: 'd' },
      rating: 3,
      tags: ['a'],
      counted: true,
      agent: 'Ann',
      team: 'support',
      humanAt: at,
      overdue: true,
      turns: 1,
      counts: {
        records: 1,
        rejected: 1,
        messages: 1,
        userMessages: 1,
        botMessages: 1,
        agentMessages: 1,
        turns: 1,
        answered: 1,
        escalations: 1,
        tasks: 1,
        tasksFailed: 1,
        tokensIn: 1,
        tokensOut: 1,
        costMicros: 1,
      },
    },
    emitted: [{ id: 'e', type: 'message.sent', data: { ...someAnswer } }],
    started: [{ run: 'r', task: 't', input: {}, deadlineAt: at }],
    timers: [{ run: 'r', event: 'e', at }],
    sent: [{ id: 'i', kind: 'k', actor: 'a', type: 't', data: {} }],
    stopped: ['r'],
    ended: [{ run: 'r', task: 't', status: 'failed', startedAt: at, attempts: 1, queueMs: 1, durationMs: 1, error }],
    since: { a: 1 },
    left: [{ state: 'a', cause: 'c', case: 1, enteredAt: at, enteredSeq: 1 }],
    answered: [{ ...asked, idx: 1 }],
    resolves: { end: 'dropped', deadSeq: 1, logSeq: 1, inboxSeq: 1, at, reason: 'bad_data', subject: 's', error: 'e', payload: 'p' },
    seen: { ids: 'abcdefgh', sources: [['web', 1]] },
    prev: 'aB3_-'.padEnd(43, 'x'),
    salt: 'aB3_-'.padEnd(22, 'x'),
  })
}
