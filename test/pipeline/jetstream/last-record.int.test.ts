import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { runStartedIn } from '../../../pipeline/dispatcher/find-run-start.ts'
import {
  findRecord,
  firstRecord,
  lastRecord,
  nextRecord,
  recordAt,
  recordsOf,
  recordsOfKind,
  type StoredRecord,
  subjectEndDirect,
} from '../../../pipeline/jetstream/last-record.ts'
import { logSubject } from '../../../schemas/subjects.ts'
import { message, recordOf, timeAt } from '../../support/core-helpers.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

const RECORDS = 40
const ACTOR = { tenant: 'acme', kind: 'toy', id: 'one' }
const OTHER = { ...ACTOR, id: 'other' }
const SUBJECT = logSubject(7, ACTOR)
/** Three records share a millisecond. */
const atOf = (n: number): string => timeAt(Math.floor(n / 3))
const BASE = recordOf(newActor(ACTOR), message(1, { type: 'add', data: { by: 1 } }))
const recordNo = (n: number): string =>
  JSON.stringify({ ...BASE, n, at: atOf(n), started: [{ run: `run-${n}`, task: 'answer', input: {}, deadlineAt: atOf(n) }] })

let dataDir: string
let server: NatsServer
let jetstream: Awaited<ReturnType<typeof openJetStream>>
/** LOG sequences of the actor's records, in order; up to four records of another actor lie between two of them. */
const seqs: number[] = []
let last: StoredRecord
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  server = await startNatsServer({ dataDir, port: 0, binary, log: silent, storageBytesMax: 100_000_000 })
  jetstream = await openJetStream(await connect({ servers: server.url, user: server.user, pass: server.password }))
  await jetstream.jsm.streams.add({ name: 'LOG', subjects: ['log.>'], allow_direct: true })
  for (let n = 1; n <= RECORDS; n += 1) {
    for (let others = 0; others < n % 5; others += 1) await jetstream.js.publish(logSubject(7, OTHER), recordNo(1))
    seqs.push((await jetstream.js.publish(SUBJECT, recordNo(n))).seq)
  }
  await jetstream.js.publish(logSubject(7, OTHER), recordNo(1))
  const found = await lastRecord(jetstream, SUBJECT)
  if (found === undefined) throw new Error('LOG has no record')
  last = found
})
afterAll(async () => {
  await jetstream.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

describe('lastRecord', () => {
  test.each(['leader', 'anyReplica'] as const)('the last record of an actor, a kind or a tenant is read from %s', async (from) => {
    for (const subject of [SUBJECT, recordsOf(ACTOR)]) {
      expect(await lastRecord(jetstream, subject, from)).toMatchObject({ seq: seqs.at(-1), subject: SUBJECT, record: { n: RECORDS } })
    }
    for (const subject of [recordsOfKind('toy'), recordsOfKind('toy', 'acme'), 'log.7.>']) {
      expect(await lastRecord(jetstream, subject, from)).toMatchObject({ subject: logSubject(7, OTHER) })
    }
  })

  test('the last record of an actor can be read over the shared inbox as well', async () => {
    expect(await subjectEndDirect(jetstream, SUBJECT)).toEqual({
      record: { seq: seqs.at(-1), record: last.record, data: Buffer.from(last.data) },
      expectedSeq: seqs.at(-1),
    })
  })

  test('messages that are no record are passed over, and an append must expect the last of them', async () => {
    const other = { ...ACTOR, id: 'mixed' }
    const subject = logSubject(7, other)
    for (const no of ['', 'x', '{}']) await jetstream.js.publish(subject, no)
    expect((await subjectEndDirect(jetstream, subject)).record).toBeUndefined()
    const { seq } = await jetstream.js.publish(subject, recordNo(1))
    let end = 0
    for (let i = 0; i < 200; i += 1) end = (await jetstream.js.publish(subject, 'no record')).seq
    expect(await subjectEndDirect(jetstream, subject)).toMatchObject({ record: { seq }, expectedSeq: end })
    expect(await lastRecord(jetstream, subject)).toMatchObject({ seq })
    expect(await lastRecord(jetstream, recordsOf(other), 'anyReplica')).toMatchObject({ seq })
  })

  test('an actor without records has no last record', async () => {
    const nobody = { ...ACTOR, id: 'nobody' }
    expect(await lastRecord(jetstream, recordsOf(nobody))).toBeUndefined()
    expect(await lastRecord(jetstream, recordsOf(nobody), 'anyReplica')).toBeUndefined()
    expect(await subjectEndDirect(jetstream, logSubject(7, nobody))).toEqual({ record: undefined, expectedSeq: 0 })
  })
})

test.each(['leader', 'anyReplica'] as const)(
  'a record is read by its sequence, and so is the next one of a subject, from %s',
  async (from) => {
    const [first = 0, second = 0] = seqs
    const stored = await recordAt(jetstream, first, from)
    expect(stored).toMatchObject({ seq: first, subject: SUBJECT, record: { n: 1 } })
    expect(Date.parse(stored?.ts ?? '')).toBeGreaterThan(0)
    expect(await recordAt(jetstream, 1_000_000, from)).toBeUndefined()
    expect((await nextRecord(jetstream, SUBJECT, first + 1, from))?.seq).toBe(second)
    expect(await nextRecord(jetstream, SUBJECT, last.seq + 1, from)).toBeUndefined()
  },
)

describe("a search among an actor's records", () => {
  test.each(['leader', 'anyReplica'] as const)('finds each record by its number, from %s', async (from) => {
    for (const [index, seq] of seqs.entries()) {
      expect((await findRecord(jetstream, SUBJECT, last, ({ n }) => n - (index + 1), from))?.seq).toBe(seq)
    }
    expect(await findRecord(jetstream, SUBJECT, last, ({ n }) => n - 0, from)).toBeUndefined()
    expect(await findRecord(jetstream, SUBJECT, last, ({ n }) => n - (RECORDS + 1), from)).toBeUndefined()
    expect(await findRecord(jetstream, SUBJECT, last, ({ n }) => n - 7.5, from)).toBeUndefined()
  })

  test('finds the first record that does not come before a given point, up to any later record', async () => {
    for (const upTo of [20, 21, RECORDS]) {
      const end = (await findRecord(jetstream, SUBJECT, last, ({ n }) => n - upTo)) ?? last
      expect((await firstRecord(jetstream, SUBJECT, end, ({ n }) => n < 20))?.record.n).toBe(20)
      expect((await firstRecord(jetstream, SUBJECT, end, () => false))?.record.n).toBe(1)
    }
  })

  test('finds the record that started a task among those of its millisecond, and none if no record did', async () => {
    for (const [index, seq] of seqs.entries()) {
      const n = index + 1
      expect((await runStartedIn(jetstream, SUBJECT, last, `run-${n}`, atOf(n)))?.seq).toBe(seq)
    }
    expect(await runStartedIn(jetstream, SUBJECT, last, 'run-x', atOf(10))).toBeUndefined()
    expect(await runStartedIn(jetstream, SUBJECT, last, 'run-1', atOf(10))).toBeUndefined()
    expect(await runStartedIn(jetstream, SUBJECT, last, 'run-x', atOf(RECORDS))).toBeUndefined()
  })
})
