import { describe, expect, test } from 'vitest'
import { check } from '../../bench/chaos/check/check-history.ts'
import type { FindingKind } from '../../bench/chaos/check/findings.ts'
import type { LoggedRecord } from '../../bench/chaos/check/chaos-history.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { historyOf, newestRun, play, type Recorded, type Step } from '../support/chaos-history-builder.ts'

const outcome = { attempts: 1, queueMs: 1, durationMs: 1 }
const done = (to: string, value: number): Step => ({ to, inside: (log) => ({ type: 'task.done', run: newestRun(log, to), ...outcome, output: { value } }) })
const fired = (to: string): Step => ({ to, inside: (log) => ({ type: 'timer.fired', run: newestRun(log, to) }) })

/** Something of everything; the number of a step is its INBOX and its LOG sequence. */
const STEPS: readonly Step[] = [
  /* 1 */ { to: 'a', type: 'add', data: { by: 5 } },
  /* 2 */ { to: 'a', type: 'work', data: { key: 7, ms: 1, mode: 'fine' } },
  /* 3 */ done('a', 15),
  /* 4 */ { to: 'a', type: 'doze', data: { ms: 60_000 } },
  /* 5 */ { to: 'b', type: 'add', data: { by: 2 } },
  /* 6 */ { to: 'a', type: 'doze', data: { ms: 3_000 } },
  /* 7 */ { to: 'a', type: 'add', data: { by: 1 } },
  /* 8 */ { to: 'a', type: 'tell', data: { to: 'b', by: 3 } },
  /* 9 */ { deliver: true },
  /* 10 */ fired('a'),
  /* 11 */ { to: 'a', type: 'throw', data: {} },
  /* 12 */ { to: 'a', type: 'add', data: { by: 'much' }, rejected: 'bad_data' },
  /* 13 */ { to: 'a', type: 'labour', data: { key: 1, ms: 1, mode: 'fine' } },
  /* 14 */ { to: 'b', type: 'work', data: { key: 8, ms: 1, mode: 'fails' } },
  /* 15 */ { to: 'b', inside: (log) => ({ type: 'task.failed', run: newestRun(log, 'b'), ...outcome, error: { code: 'no', message: 'no' } }) },
  /* 16 */ done('a', 3),
  /* 17 */ { to: 'a', type: 'doze', data: { ms: 3_600_000 } },
  /* 18 */ { to: 'b', type: 'quit', data: {} },
  /* 19 */ { to: 'b', type: 'add', data: { by: 4 } },
  /* 20 */ { to: 'a', type: 'add', data: { by: 6 } },
]

const sound = () => play(STEPS)
const found = async (history: Recorded): Promise<string[]> => Object.keys((await check(history)).counts)

test('a sound history has no findings, and is counted', async () => {
  const verdict = await check(historyOf(sound()))
  expect(verdict).toMatchObject({ counts: {}, told: [], sent: 15, acknowledged: 15, records: 20, rejected: 3, actors: 2, tasks: { done: 2, failed: 1 } })
})

/** The log with some records altered; sequences go on as they are. */
function doctored(alter: (log: LoggedRecord[]) => LoggedRecord[]): Recorded {
  const { ledger, log } = sound()
  return historyOf({ ledger, log: alter(log) })
}
/** With one record, by its sequence, altered. */
const withRecord = (seq: number, alter: (record: LogRecord) => LogRecord): Recorded =>
  doctored((log) => log.map((entry) => (entry.seq === seq ? { ...entry, record: alter(entry.record) } : entry)))
/** With a record of a step once more, at the end, as if its actor had not moved on. */
const withAgain = (seq: number, alter: (record: LogRecord) => Partial<LogRecord> = () => ({})): Recorded =>
  doctored((log) => log.flatMap((entry) => (entry.seq === seq ? [{ ...entry, seq: 21, record: { ...entry.record, ...alter(entry.record) } }] : [])).reduce((all, one) => [...all, one], log))
const without = (...seqs: readonly number[]): Recorded => doctored((log) => log.filter(({ seq }) => !seqs.includes(seq)))
const altered = (alter: (history: Recorded) => Partial<Recorded>): Recorded => {
  const history = historyOf(sound())
  return { ...history, ...alter(history) }
}
const withTables = (alter: (tables: Recorded['tables']) => Partial<Recorded['tables']>): Recorded =>
  altered(({ tables }) => ({ tables: { ...tables, ...alter(tables) } }))
const fields = (run: string) => (record: LogRecord): LogRecord => ({ ...record, input: { ...record.input, data: { ...record.input.data, run } } })
const runSetBy = (seq: number): string => sound().log[seq - 1]?.record.timers[0]?.run ?? ''

const DAMAGES: readonly (readonly [bug: string, finding: FindingKind, history: () => Recorded])[] = [
  // The host.
  ['an append without expectation: two owners record one input', 'twice', () => withAgain(1)],
  ['an append without expectation: one who was paused goes on from an old state', 'out_of_order', () => withAgain(7, () => ({ inbox: { seq: 21, ts: '2026-01-01T00:00:21.000Z' } }))],
  ['low runs ahead of what is resolved', 'low_ahead', () => withRecord(5, (record) => ({ ...record, low: 6 }))],
  ['low runs ahead, and the owner dies: an input is passed over', 'lost', () => without(20)],
  ['an actor is loaded without its last input', 'wrong_fold', () => withRecord(7, (record) => ({ ...record, emitted: [{ id: 'x', type: 'counted', data: { count: 1, fold: 6 } }] }))],
  ['a state is not what its inputs make', 'wrong_fold', () => withRecord(20, (record) => ({ ...record, state: record.state && { ...record.state, context: { ...record.state.context, count: 4 } } }))],
  ['inputs of an actor change places', 'out_of_order', () => doctored((log) => {
    const [seventh, eighth] = [log[6], log[7]]
    return log.map((entry) => ({ ...entry, record: (entry === seventh ? eighth : entry === eighth ? seventh : entry)?.record ?? entry.record }))
  })],
  ['a repeat is not recognised', 'twice', () => withAgain(20, ({ n }) => ({ n: n + 1, inbox: { seq: 21, ts: '2026-01-01T00:00:21.000Z' }, low: 20 }))],
  ['an input is recorded with other content', 'wrong_outcome', () => withRecord(20, (record) => ({ ...record, input: { ...record.input, data: { by: 7 } } }))],
  ['a good input is rejected', 'wrong_outcome', () => withRecord(20, (record) => ({ ...record, outcome: 'rejected', reason: 'bad_data' }))],
  ['an input is recorded at another actor', 'wrong_outcome', () => doctored((log) => log.map((entry) => (entry.seq === 1 ? { ...entry, actor: 'chaos/chaos/c' } : entry)))],
  // The dispatcher.
  ['its checkpoint is saved first: an event is passed over', 'event', () => altered(({ out }) => ({ out: out.slice(0, -1) }))],
  ['its checkpoint is saved first: a dead letter is passed over', 'dead_letter', () => altered(({ dead }) => ({ dead: dead.slice(1) }))],
  ['its checkpoint is saved first: what was sent is passed over', 'event', () => without(9)],
  ['its checkpoint is saved first: neither a task nor its deadline is known', 'task', () => historyOf(play([{ to: 'a', type: 'work', data: { key: 1, ms: 1, mode: 'fine' } }]), Date.parse('2026-01-01T01:00:00Z'))],
  ['events of an actor go out in another order', 'event', () => altered(({ out }) => ({ out: out.toReversed() }))],
  ['an id of an event stands for two', 'id_reused', () => withRecord(20, (record) => ({ ...record, emitted: record.emitted.map((event) => ({ ...event, id: sound().log[0]?.record.emitted[0]?.id ?? '' })) }))],
  ['an event goes out with other content', 'id_reused', () => altered(({ out }) => ({ out: out.map((event, index) => (index === 0 ? { ...event, content: 'other' } : event)) }))],
  ['an event goes out that nobody emitted', 'event', () => altered(({ out }) => ({ out: [...out, { actor: 'chaos/chaos/a', id: 'x', type: 'counted', content: '' }] }))],
  ['a dead letter has another payload', 'dead_letter', () => altered(({ dead }) => ({ dead: dead.map((letter) => ({ ...letter, payload: 'other' })) }))],
  ['a dead letter has another reason', 'dead_letter', () => altered(({ dead }) => ({ dead: dead.map((letter) => ({ ...letter, reason: 'ended' })) }))],
  // Tasks.
  ['a task is acknowledged before its result, and its runner dies', 'task', () => historyOf(play([
    { to: 'a', type: 'labour', data: { key: 1, ms: 1, mode: 'fine' } }, { to: 'a', inside: (log) => ({ type: 'task.expired', run: newestRun(log, 'a') }) },
  ]))],
  ['a task with time left is in no queue any more', 'task', () => historyOf(play([{ to: 'a', type: 'labour', data: { key: 1, ms: 1, mode: 'fine' } }]), Date.parse('2026-01-01T00:00:02Z'))],
  ['a task has two outcomes', 'task', () => withAgain(16, () => ({ inbox: { seq: 21, ts: '2026-01-01T00:00:21.000Z' } }))],
  ['a result of one run is taken for that of another', 'task', () => withRecord(16, fields(sound().log[1]?.record.started[0]?.run ?? ''))],
  ['a result is not what the task gives', 'task', () => withRecord(16, (record) => ({ ...record, input: { ...record.input, data: { ...record.input.data, output: { value: 4 } } } }))],
  ['a task has no outcome and waits in TASKS for nobody', 'task', () => altered(() => ({ tasksWaiting: 1 }))],
  // Timers.
  ['a timer subject is used again', 'id_reused', () => withRecord(6, (record) => ({ ...record, timers: record.timers.map((timer) => ({ ...timer, run: runSetBy(4) })) }))],
  ['a timer fires in a later visit', 'timer', () => withRecord(10, fields(runSetBy(4)))],
  ['a timer fires twice', 'timer', () => withAgain(10, () => ({ inbox: { seq: 21, ts: '2026-01-01T00:00:21.000Z' } }))],
  ['a timer fires too early', 'timer', () => withRecord(10, (record) => ({ ...record, inbox: { ...record.inbox, ts: '2026-01-01T00:00:08.000Z' } }))],
  ['a timer is missed', 'timer', () => historyOf(play([{ to: 'a', type: 'doze', data: { ms: 500 } }]), Date.parse('2026-01-01T00:01:00Z'))],
  ['an actor with a timer that is still to fire has no alarm', 'timer', () => altered(() => ({ wakeUps: new Map<string, number>() }))],
  ['the alarm of an actor comes after its timer', 'timer', () => altered(({ wakeUps }) => ({ wakeUps: new Map([...wakeUps].map(([actor]) => [actor, Date.parse('2099-01-01T00:00:00Z')])) }))],
  // The projector.
  ['a row is counted twice', 'row_doubled', () => withTables(({ events }) => ({ events: [...events.slice(0, 1), ...events] }))],
  ['progress is written before the rows: some are missing', 'row_missing', () => withTables(({ events }) => ({ events: events.slice(1) }))],
  ['a row is of no record', 'row_wrong', () => withTables(({ events }) => ({ events: events.map((row) => ({ ...row, seq: row.seq === 20 ? 99 : row.seq })) }))],
  ['an older version of a row wins', 'row_wrong', () => withTables(({ actors }) => ({ actors: actors.map((row) => ({ ...row, n: row.n - 1 })) }))],
  ['a task runs for ever in the tables', 'row_wrong', () => withTables(({ tasks }) => ({ tasks: tasks.map((row) => ({ ...row, status: 'running' })) }))],
  ['a stay is missing', 'row_missing', () => withTables(({ stays }) => ({ stays: stays.slice(1) }))],
  ['a rejection is missing in the tables', 'row_missing', () => withTables(({ deadLetters }) => ({ deadLetters: deadLetters.slice(1) }))],
]

describe('the checker notices that', () => {
  test.each(DAMAGES)('%s (%s)', async (_bug, finding, history) => {
    expect(await found(history())).toContain(finding)
  })
})

describe('what is allowed is no finding', () => {
  test('a copy that nobody acknowledged, taken before the one that was', async () => {
    const { ledger, log } = sound()
    const late = ledger.flatMap((line) => (line.what === 'acknowledged' && line.id === 'm-20' ? [{ what: 'again' as const, id: line.id }, { ...line, position: 25 }] : [line]))
    expect(await found(historyOf({ ledger: late, log }))).toEqual([])
  })
  test('a message that was never acknowledged and has no record', async () => {
    const { ledger, log } = sound()
    expect(await found(historyOf({ ledger: [...ledger, { what: 'sent', id: 'never', actor: 'chaos/chaos/a', content: '', payload: '' }], log }))).toEqual([])
  })
  test('an event and a dead letter told twice under one id; they are counted', async () => {
    const verdict = await check(altered(({ out, dead }) => ({ out: [...out, ...out.slice(0, 2)], dead: [...dead, ...dead.slice(0, 1)] })))
    expect(verdict).toMatchObject({ counts: {}, repeated: { out: 2, dead: 1 } })
  })
})
