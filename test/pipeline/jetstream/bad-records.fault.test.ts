import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolutionInputOf } from '../../../pipeline/dead-letters/original-input.ts'
import { lastRecord } from '../../../pipeline/jetstream/last-record.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { caughtUp, publishAll, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let system: System
const start = async (): Promise<void> => {
  system = await startSystem({ kinds: [toyKind], dataDir })
}
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-bad-records-'))
  await start()
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const actor = (id: string) => ({ tenant: 'acme', kind: 'toy', id })
const subjectOf = (id: string): string => logSubject(partitionOf(actor(id), system.settings.PARTITIONS), actor(id))
const add = (id: string) => ({ subject: `in.acme.toy.${id}`, body: { type: 'add', data: { by: 1 } } })

/** Publishes into LOG as another program with that right would. */
const intoLog = async (subject: string, payload: string): Promise<number> =>
  (await system.running.jetstream.js.publish(subject, payload)).seq

/** The last record of an actor, changed. */
async function halfARecord(id: string, gone: string): Promise<string> {
  const last = await lastRecord(system.running.jetstream, subjectOf(id))
  return JSON.stringify({ ...last?.record, [gone]: undefined })
}

const countOf = async (id: string): Promise<unknown> =>
  (await lastRecord(system.running.jetstream, subjectOf(id)))?.record.state?.context['count']

async function badOnes(): Promise<[subject: string, payload: string][]> {
  const foreign = { stream: 'INBOX', seq: 1 }
  const wrongPartition = (partitionOf(actor('w'), system.settings.PARTITIONS) + 1) % system.settings.PARTITIONS
  const ownRecord = await halfARecord('a', 'nothing')
  return [
    [subjectOf('a'), 'not JSON'],
    [subjectOf('a'), JSON.stringify(foreign)],
    [subjectOf('a'), ''],
    [subjectOf('b'), await halfARecord('a', 'case')],
    [subjectOf('b'), await halfARecord('a', 'emitted')],
    [subjectOf('c'), JSON.stringify({ v: 1, n: 1, state: { tasks: { r: null } } })],
    ['log.1', ownRecord],
    ['log.x.acme.toy.a', ownRecord],
    ['log.99999.acme.toy.a', ownRecord],
    ['log.3.acme.toy', ownRecord],
    ['log.3.acme.toy.a.more', ownRecord],
    [logSubject(wrongPartition, actor('w')), ownRecord],
    [subjectOf('d'), JSON.stringify({ huge: 'x'.repeat(500_000) })],
    [subjectOf('a'), '[1,2,3]'],
  ]
}

async function deadLetters(): Promise<{ subject: string; logSeq: number; payload: string; seq: number }[]> {
  const found: { subject: string; logSeq: number; payload: string; seq: number }[] = []
  for await (const batch of readToEnd(system.running.jetstream, 'DEAD', { filter_subjects: ['dead.bad_record.>'] })) {
    for (const { subject, headers, data, seq } of batch) {
      found.push({ seq, subject, logSeq: Number(headers?.get('Colloquy-Log-Seq')), payload: Buffer.from(data).toString() })
    }
  }
  return found
}

/** Each bad message once in DEAD and once in the tables, and the tables equal LOG. */
async function expectSetAside(published: readonly [seq: number, subject: string, payload: string][]): Promise<void> {
  await caughtUp(system)
  const dead = await deadLetters()
  expect(dead.map(({ logSeq }) => logSeq).sort((a, b) => a - b)).toEqual(published.map(([seq]) => seq))
  for (const [seq, , payload] of published) expect(dead.find(({ logSeq }) => logSeq === seq)?.payload).toBe(payload)
  const table = await rows(system, "SELECT seq, subject, resolved FROM dead_letters WHERE reason = 'bad_record' ORDER BY seq")
  expect(table).toEqual(published.map(([seq, subject]) => ({ seq, subject, resolved: false })))
  expect(await tablesBesideLog(system)).toEqual([])
}

describe('messages of LOG that are no record', () => {
  const published: [seq: number, subject: string, payload: string][] = []

  test('are set aside by every reader, and their actors continue from the last record before them', async () => {
    await publishAll(system, [add('a'), add('a'), add('b'), add('e')])
    await caughtUp(system)
    for (const [subject, payload] of await badOnes()) published.push([await intoLog(subject, payload), subject, payload])
    await publishAll(system, [add('a'), add('b'), add('c'), add('d')])
    await expectSetAside(published)
    expect([await countOf('a'), await countOf('b'), await countOf('c'), await countOf('d')]).toEqual([3, 2, 1, 1])
    for (const role of ['dispatch', 'project', 'host', 'embed'] as const) {
      expect(system.running.stages.get(role)?.status(), role).toMatchObject({ ok: true, lag: 0 })
    }
    const metrics = await (await system.running.allMetrics()).metrics()
    for (const reader of ['dispatcher', 'projector', 'indexer']) {
      expect(metrics).toContain(`colloquy_bad_records_total{reader="${reader}"} ${published.length}`)
    }
  })

  test('as the last messages of LOG, of actors and of partitions do not stop a start after a kill', async () => {
    for (const id of ['a', 'b', 'e']) published.push([await intoLog(subjectOf(id), 'last'), subjectOf(id), 'last'])
    published.push([await intoLog('log.0.x', 'last'), 'log.0.x', 'last'])
    const { pid } = system.running.nats
    if (pid === undefined) throw new Error('nats-server does not run')
    process.kill(pid, 'SIGKILL')
    await system.stop()
    await start()
    await publishAll(system, [add('a'), add('b'), add('e'), add('f')])
    await expectSetAside(published)
    expect([await countOf('a'), await countOf('b'), await countOf('e'), await countOf('f')]).toEqual([4, 3, 2, 1])
  })

  test('can be dropped and not redriven', async () => {
    const [, , , one] = await deadLetters()
    if (one === undefined) throw new Error('no dead letter')
    const { jetstream } = system.running
    const redriving = resolutionInputOf(jetstream, one.seq, { resolution: 'redriven', force: false })
    await expect(redriving).rejects.toMatchObject({ code: 'not_redrivable' })
    const { request } = await resolutionInputOf(jetstream, one.seq, { resolution: 'dropped', force: false })
    expect(request).toMatchObject({ logSeq: one.logSeq, reason: 'bad_record', inboxSeq: 0 })
  })
})
