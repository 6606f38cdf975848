import { describe, expect, test } from 'vitest'
import type { LoggedRecord } from '../../../../bench/chaos/check/chaos-history.ts'
import { check } from '../../../../bench/chaos/check/check-history.ts'
import type { FindingKind } from '../../../../bench/chaos/check/findings.ts'
import type { LogRecord } from '../../../../schemas/record.ts'
import { historyOf, newestRun, play, type Recorded, type Step } from '../../../support/chaos-history-builder.ts'

const outcome = { attempts: 1, queueMs: 1, durationMs: 1 }
const done = (to: string, value: number): Step => ({
  to,
  internal: (log) => ({ type: 'task.done', run: newestRun(log, to), ...outcome, output: { value } }),
})
const fired = (to: string): Step => ({ to, internal: (log) => ({ type: 'timer.fired', run: newestRun(log, to) }) })

/** Every type of input at least once; the number of a step is its INBOX and its LOG sequence. */
const STEPS: readonly Step[] = [
  /* 1 */ { to: 'a', type: 'add', data: { by: 5 } },
  /* 2 */ { to: 'a', type: 'work', data: { key: 7, ms: 1, mode: 'fine' } },
  /* 3 */ done('a', 15),
  /* 4 */ { to: 'a', type: 'sleep', data: { ms: 60_000 } },
  /* 5 */ { to: 'b', type: 'add', data: { by: 2 } },
  /* 6 */ { to: 'a', type: 'sleep', data: { ms: 3_000 } },
  /* 7 */ { to: 'a', type: 'add', data: { by: 1 } },
  /* 8 */ { to: 'a', type: 'forward', data: { to: 'b', by: 3 } },
  /* 9 */ { deliver: true },
  /* 10 */ fired('a'),
  /* 11 */ { to: 'a', type: 'throw', data: {} },
  /* 12 */ { to: 'a', type: 'add', data: { by: 'much' }, rejected: 'bad_data' },
  /* 13 */ { to: 'a', type: 'longWork', data: { key: 1, ms: 1, mode: 'fine' } },
  /* 14 */ { to: 'b', type: 'work', data: { key: 8, ms: 1, mode: 'fails' } },
  /* 15 */ {
    to: 'b',
    internal: (log) => ({ type: 'task.failed', run: newestRun(log, 'b'), ...outcome, error: { code: 'no', message: 'no' } }),
  },
  /* 16 */ done('a', 3),
  /* 17 */ { to: 'a', type: 'sleep', data: { ms: 3_600_000 } },
  /* 18 */ { to: 'b', type: 'quit', data: {} },
  /* 19 */ { to: 'b', type: 'add', data: { by: 4 } },
  /* 20 */ { to: 'a', type: 'add', data: { by: 6 } },
  /* 21 */ { to: 'a', type: 'message.received', data: { role: 'user', text: '退款 please' } },
]

const sound = () => play(STEPS)
const found = async (history: Recorded): Promise<string[]> => Object.keys((await check(history)).counts)

test('a correct history has no findings, and the verdict has its size', async () => {
  const verdict = await check(historyOf(sound()))
  expect(verdict).toMatchObject({
    counts: {},
    examples: [],
    sent: 16,
    acknowledged: 16,
    records: 21,
    unreadable: 0,
    rejected: 3,
    actors: 2,
    tasks: { done: 2, failed: 1 },
  })
})

/** A history with an altered log; sequences are not renumbered. */
function withLog(alter: (log: LoggedRecord[]) => LoggedRecord[]): Recorded {
  const { ledger, log } = sound()
  return historyOf({ ledger, log: alter(log) })
}
/** A history with one altered record. */
const withRecord = (seq: number, alter: (record: LogRecord) => LogRecord): Recorded =>
  withLog((log) => log.map((entry) => (entry.seq === seq ? { ...entry, record: alter(entry.record) } : entry)))
/** A history with a copy of a record at the end. */
const withCopy = (seq: number, alter: (record: LogRecord) => Partial<LogRecord> = () => ({})): Recorded =>
  withLog((log) => {
    const copied = log.filter((entry) => entry.seq === seq)
    return [...log, ...copied.map((entry) => ({ ...entry, seq: 22, record: { ...entry.record, ...alter(entry.record) } }))]
  })
const without = (...seqs: readonly number[]): Recorded => withLog((log) => log.filter(({ seq }) => !seqs.includes(seq)))
const withHistory = (alter: (history: Recorded) => Partial<Recorded>): Recorded => {
  const history = historyOf(sound())
  return { ...history, ...alter(history) }
}
const withTables = (alter: (tables: Recorded['tables']) => Partial<Recorded['tables']>): Recorded =>
  withHistory(({ tables }) => ({ tables: { ...tables, ...alter(tables) } }))
/** A history with a message at the end of LOG that is no record. */
const withUnreadable = ({ isInjected }: { readonly isInjected: boolean }): Recorded =>
  withHistory(({ log }) => ({ log: [...log, { seq: 22, payload: 'rubbish', isInjected }] }))
const fields =
  (run: string) =>
  (record: LogRecord): LogRecord => ({ ...record, input: { ...record.input, data: { ...record.input.data, run } } })
const runSetBy = (seq: number): string => sound().log[seq - 1]?.record.timers[0]?.run ?? ''

const DAMAGES: readonly (readonly [bug: string, finding: FindingKind, history: () => Recorded])[] = [
  // The host.
  ['an append without expected sequence: two owners record the same input', 'twice', () => withCopy(1)],
  [
    'an append without expected sequence: a paused owner continues from an old state',
    'out_of_order',
    () => withCopy(7, () => ({ inbox: { seq: 22, ts: '2026-01-01T00:00:22.000Z' } })),
  ],
  ['low is ahead of the resolved inputs', 'low_ahead', () => withRecord(5, (record) => ({ ...record, low: 6 }))],
  ['low is ahead and the owner dies: an input is skipped', 'lost', () => without(20)],
  [
    'an actor is loaded without its last input',
    'wrong_fold',
    () => withRecord(7, (record) => ({ ...record, emitted: [{ id: 'x', type: 'counted', data: { count: 1, fold: 6 } }] })),
  ],
  [
    'a state does not follow from its inputs',
    'wrong_fold',
    () =>
      withRecord(20, (record) => ({
        ...record,
        state: record.state && { ...record.state, context: { ...record.state.context, count: 4 } },
      })),
  ],
  [
    'two inputs of an actor are swapped',
    'out_of_order',
    () =>
      withLog((log) => {
        const [seventh, eighth] = [log[6], log[7]]
        return log.map((entry) => ({
          ...entry,
          record: (entry === seventh ? eighth : entry === eighth ? seventh : entry)?.record ?? entry.record,
        }))
      }),
  ],
  [
    'a duplicate is not recognised',
    'twice',
    () => withCopy(20, ({ n }) => ({ n: n + 1, inbox: { seq: 22, ts: '2026-01-01T00:00:22.000Z' }, low: 21 })),
  ],
  [
    'an input is recorded with other content',
    'wrong_outcome',
    () => withRecord(20, (record) => ({ ...record, input: { ...record.input, data: { by: 7 } } })),
  ],
  [
    'a valid input is rejected',
    'wrong_outcome',
    () => withRecord(20, (record) => ({ ...record, outcome: 'rejected', reason: 'bad_data' })),
  ],
  [
    'an input is recorded at another actor',
    'wrong_outcome',
    () => withLog((log) => log.map((entry) => (entry.seq === 1 ? { ...entry, actor: 'chaos/chaos/c' } : entry))),
  ],
  // The dispatcher.
  ['the checkpoint is saved before the effects: an event is skipped', 'event', () => withHistory(({ out }) => ({ out: out.slice(0, -1) }))],
  [
    'the checkpoint is saved before the effects: a dead letter is skipped',
    'dead_letter',
    () => withHistory(({ dead }) => ({ dead: dead.slice(1) })),
  ],
  ['the checkpoint is saved before the effects: a sent message is skipped', 'event', () => without(9)],
  [
    'the checkpoint is saved before the effects: a task and its deadline are skipped',
    'task',
    () => historyOf(play([{ to: 'a', type: 'work', data: { key: 1, ms: 1, mode: 'fine' } }]), Date.parse('2026-01-01T01:00:00Z')),
  ],
  ['the events of an actor go out in the wrong order', 'event', () => withHistory(({ out }) => ({ out: out.toReversed() }))],
  [
    'two events have the same id',
    'id_reused',
    () =>
      withRecord(20, (record) => ({
        ...record,
        emitted: record.emitted.map((event) => ({ ...event, id: sound().log[0]?.record.emitted[0]?.id ?? '' })),
      })),
  ],
  [
    'an event goes out with other content',
    'id_reused',
    () => withHistory(({ out }) => ({ out: out.map((event, index) => (index === 0 ? { ...event, content: 'other' } : event)) })),
  ],
  [
    'an event goes out without having been emitted',
    'event',
    () => withHistory(({ out }) => ({ out: [...out, { actor: 'chaos/chaos/a', id: 'x', type: 'counted', content: '' }] })),
  ],
  [
    'a dead letter has another payload',
    'dead_letter',
    () => withHistory(({ dead }) => ({ dead: dead.map((deadLetter) => ({ ...deadLetter, payload: 'other' })) })),
  ],
  [
    'a dead letter has another reason',
    'dead_letter',
    () => withHistory(({ dead }) => ({ dead: dead.map((deadLetter) => ({ ...deadLetter, reason: 'ended' })) })),
  ],
  // Tasks.
  [
    'a task is acknowledged before its result, and its runner dies',
    'task',
    () =>
      historyOf(
        play([
          { to: 'a', type: 'longWork', data: { key: 1, ms: 1, mode: 'fine' } },
          { to: 'a', internal: (log) => ({ type: 'task.expired', run: newestRun(log, 'a') }) },
        ]),
      ),
  ],
  [
    'a task before its deadline is no longer in TASKS',
    'task',
    () => historyOf(play([{ to: 'a', type: 'longWork', data: { key: 1, ms: 1, mode: 'fine' } }]), Date.parse('2026-01-01T00:00:02Z')),
  ],
  ['a task has two outcomes', 'task', () => withCopy(16, () => ({ inbox: { seq: 22, ts: '2026-01-01T00:00:22.000Z' } }))],
  ['the result of one run is attributed to another', 'task', () => withRecord(16, fields(sound().log[1]?.record.started[0]?.run ?? ''))],
  [
    'a result differs from the result of the task',
    'task',
    () => withRecord(16, (record) => ({ ...record, input: { ...record.input, data: { ...record.input.data, output: { value: 4 } } } })),
  ],
  ['TASKS holds a message without a running task', 'task', () => withHistory(() => ({ tasksWaiting: 1 }))],
  // Timers.
  [
    'a timer id is reused',
    'id_reused',
    () => withRecord(6, (record) => ({ ...record, timers: record.timers.map((timer) => ({ ...timer, run: runSetBy(4) })) })),
  ],
  ['a timer fires after its state was left', 'timer', () => withRecord(10, fields(runSetBy(4)))],
  ['a timer fires twice', 'timer', () => withCopy(10, () => ({ inbox: { seq: 22, ts: '2026-01-01T00:00:22.000Z' } }))],
  [
    'a timer fires too early',
    'timer',
    () => withRecord(10, (record) => ({ ...record, inbox: { ...record.inbox, ts: '2026-01-01T00:00:08.000Z' } })),
  ],
  [
    'a timer does not fire',
    'timer',
    () => historyOf(play([{ to: 'a', type: 'sleep', data: { ms: 500 } }]), Date.parse('2026-01-01T00:01:00Z')),
  ],
  ['an actor with a pending timer has no wake-up', 'timer', () => withHistory(() => ({ wakeUps: new Map<string, number>() }))],
  [
    'the wake-up of an actor is later than its timer',
    'timer',
    () => withHistory(({ wakeUps }) => ({ wakeUps: new Map([...wakeUps].map(([actor]) => [actor, Date.parse('2099-01-01T00:00:00Z')])) })),
  ],
  // The projector.
  ['a row is there twice', 'row_doubled', () => withTables(({ events }) => ({ events: [...events.slice(0, 1), ...events] }))],
  ['progress is written before the rows: a row is missing', 'row_missing', () => withTables(({ events }) => ({ events: events.slice(1) }))],
  [
    'a row has no record',
    'row_wrong',
    () => withTables(({ events }) => ({ events: events.map((row) => ({ ...row, seq: row.seq === 20 ? 99 : row.seq })) })),
  ],
  [
    'an older version of a row wins',
    'row_wrong',
    () => withTables(({ actors }) => ({ actors: actors.map((row) => ({ ...row, n: row.n - 1 })) })),
  ],
  [
    'a task never ends in the tables',
    'row_wrong',
    () => withTables(({ tasks }) => ({ tasks: tasks.map((row) => ({ ...row, status: 'running' })) })),
  ],
  ['a state interval is missing', 'row_missing', () => withTables(({ stateIntervals }) => ({ stateIntervals: stateIntervals.slice(1) }))],
  ['a rejection is missing in dead_letters', 'row_missing', () => withTables(({ deadLetters }) => ({ deadLetters: deadLetters.slice(1) }))],
  // The search index.
  ['a text is not in the search index', 'index', () => withHistory(() => ({ indexed: [] }))],
  [
    'the search index has the text of a lost record',
    'index',
    () => withHistory(({ indexed }) => ({ indexed: [...indexed, { actor: 'chaos/chaos/a', id: 'gone' }] })),
  ],
  // Messages in LOG that are no records.
  ['a producer writes into LOG by naming it as its reply subject', 'foreign', () => withUnreadable({ isInjected: false })],
  ['an unreadable message has no dead letter', 'dead_letter', () => withUnreadable({ isInjected: true })],
]

describe('the checker notices: ', () => {
  test.each(DAMAGES)('%s (%s)', async (_bug, finding, history) => {
    expect(await found(history())).toContain(finding)
  })
})

describe('allowed, and therefore no finding: ', () => {
  test('an unacknowledged copy that INBOX accepted before the acknowledged one', async () => {
    const { ledger, log } = sound()
    const late = ledger.flatMap((line) =>
      line.what === 'acknowledged' && line.id === 'm-20'
        ? [
            { what: 'again' as const, id: line.id },
            { ...line, position: 25 },
          ]
        : [line],
    )
    expect(await found(historyOf({ ledger: late, log }))).toEqual([])
  })
  test('an unacknowledged message without a record', async () => {
    const { ledger, log } = sound()
    const withUnacknowledged = [...ledger, { what: 'sent' as const, id: 'never', actor: 'chaos/chaos/a', content: '', payload: '' }]
    expect(await found(historyOf({ ledger: withUnacknowledged, log }))).toEqual([])
  })
  test('a message in LOG that is no record and that has its dead letter', async () => {
    const history = withUnreadable({ isInjected: true })
    const [actor, reason] = ['_/_/_', 'bad_record']
    history.dead.push({ logSeq: 22, reason, actor, payload: 'rubbish' })
    history.tables.deadLetters.push({ seq: 22, actor, reason })
    expect(await check(history)).toMatchObject({ counts: {}, unreadable: 1 })
  })
  test('duplicates of an event and of a dead letter with the same id; the verdict counts them', async () => {
    const history = withHistory(({ out, dead }) => ({ out: [...out, ...out.slice(0, 2)], dead: [...dead, ...dead.slice(0, 1)] }))
    const verdict = await check(history)
    expect(verdict).toMatchObject({ counts: {}, repeated: { out: 2, dead: 1 } })
  })
})
