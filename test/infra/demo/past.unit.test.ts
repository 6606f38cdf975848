import { hash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { makePast } from '../../../infra/demo/past/lay-past.ts'
import { createObjectsInMemory } from '../../../infra/demo/past/past-objects.ts'
import type { Past } from '../../../infra/demo/past/simulate-past.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { createLogParser, type LogEntry } from '../../../pipeline/jetstream/log-message.ts'
import { actorKey } from '../../../schemas/subjects.ts'

const PARTITIONS = 16
/** A Monday. */
const NOW = Date.parse('2026-11-30T12:00:00Z')
const BAD_DAY = '2026-11-19'

const make = async (): Promise<Past> =>
  makePast(await loadKinds(loadSettings({ COLLOQUY_CONFIG: 'none.ts', COLLOQUY_DESK_TEAM: 'support' }).settings), {
    partitions: PARTITIONS,
    team: 'support',
    profileOf: (customer) => hash('sha256', String(customer)).slice(0, 32),
    objects: createObjectsInMemory(),
    nowMs: NOW,
    days: 14,
    signal: new AbortController().signal,
  })

let past: Past
let records: LogEntry[]
beforeAll(async () => {
  past = await make()
  const parse = createLogParser(PARTITIONS)
  records = past.log.map(({ seq, subject, payload, time }) => {
    const entry = parse({ seq, subject, data: payload, time: new Date(time) })
    if (entry.record === undefined) throw new Error(`LOG ${seq}: ${entry.bad.why}`)
    return entry
  })
})

test('the same time gives the same past, byte for byte', async () => {
  expect(await make()).toEqual(past)
})

test('each record is where a host would have put it: in the order of time, after what it rests on', () => {
  const last = new Map<string, { n: number; inboxSeq: number; at: string }>()
  let at = ''
  for (const { address, record } of records) {
    const subject = actorKey(address)
    const before = last.get(subject) ?? { n: 0, inboxSeq: 0, at: '' }
    expect(record.n).toBe(before.n + 1)
    expect(record.inbox.seq).toBeGreaterThan(before.inboxSeq)
    expect(record.low).toBe(record.inbox.seq - 1)
    expect(record.at >= at).toBe(true)
    last.set(subject, { n: record.n, inboxSeq: record.inbox.seq, at: record.at })
    at = record.at
  }
  expect(past.inboxSeq).toBeGreaterThanOrEqual(records.at(-1)?.record.inbox.seq ?? 0)
})

test('it has what an analyst looks for: both languages, ratings, people, failures, costs, two prompts and a bad day', () => {
  const emitted = records.flatMap(({ record }) => record.emitted.map(({ type, data }) => ({ type, data, at: record.at })))
  const sent = emitted.filter(({ type }) => type === 'message.sent').map(({ data }) => data)
  const of = (name: string): Set<unknown> => new Set(sent.map((data) => data[name]))

  expect(of('lang')).toEqual(new Set(['en', 'zh']))
  expect(of('promptVersion')).toEqual(new Set([undefined, 'answer@1', 'answer@2']))
  expect([...of('model')]).toEqual(expect.arrayContaining(['demo-small', 'demo-large', 'extractive']))
  expect(sent.some(({ cost }) => Number(cost) > 0)).toBe(true)
  const taken = (type: string) => records.filter(({ record }) => record.input.type === type)
  expect(taken('feedback.given').length).toBeGreaterThan(20)
  const failed = taken('task.failed').length
  expect(taken('task.failed').filter(({ record }) => record.at.startsWith(BAD_DAY)).length).toBeGreaterThan(failed / 2)
  expect(past.dead.length).toBe(failed)
})

test('what support hands over goes through its desk: offered, accepted or not, returned, transferred, and late on the bad day', () => {
  const ofDesk = records.filter(({ address }) => address.kind === 'desk').flatMap(({ record }) => record.emitted)
  const escalated = records.flatMap(({ record }) => record.emitted.filter(({ type }) => type === 'escalated')).length
  const assigned = ofDesk.filter(({ type }) => type === 'case.assigned').map(({ data }) => data['case'])
  expect(escalated).toBeGreaterThan(10)
  expect(new Set(assigned).size).toBeGreaterThan(escalated / 2)
  expect(ofDesk.map(({ type, data }) => `${type} ${typeof data['why'] === 'string' ? data['why'] : ''}`)).toEqual(
    expect.arrayContaining(['case.released resolved', 'case.released returned', 'case.released transferred', 'case.overdue ']),
  )
})

test('no input is refused, and no task fails but on purpose', () => {
  const refused = records.flatMap(({ record }) => (record.outcome === 'rejected' ? [record.error] : []))
  const codes = records.flatMap(({ record }) => (record.input.type === 'task.failed' ? [JSON.stringify(record.input.data)] : []))
  expect(refused).toEqual([])
  expect(codes.filter((data) => !data.includes('model_unavailable'))).toEqual([])
})
