import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newestDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { inputSubject, wakeUpSubject } from '../../../schemas/subjects.ts'
import { runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

/**
 * A data folder of version 0.1 with four partitions. It has the results of `learn returns.md`, two questions of acme/support/ann, rejected
 * inputs of acme/support/bad and acme/interest/bad, a reminder for 2099, an interest, and `dead drop --kind interest`.
 */
const ARCHIVE = fileURLToPath(new URL('../../support/data/data-folder-0.1.tgz', import.meta.url))
const ann = inputSubject({ tenant: 'acme', kind: 'support', id: 'ann' })
const settings = { PARTITIONS: '4' }

let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  await promisify(execFile)('tar', ['-xzf', ARCHIVE, '-C', dataDir])
  system = await startSystem({ dataDir, settings })
  await caughtUp(system)
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** The last record in the archive. Its timers have fired since: records after it are of today. */
const LAST_SEQ = 11
const counts = async (tables: Readonly<Record<string, string>>) => {
  const count = async ([table, seq]: [string, string]): Promise<[string, number]> => {
    const [row] = await rows<{ n: string }>(system, `SELECT count() AS n FROM ${table} WHERE ${seq} <= ${LAST_SEQ}`)
    return [table, Number(row?.n)]
  }
  return Object.fromEntries(await Promise.all(Object.entries(tables).map(count)))
}

test('a data folder of version 0.1 has all its records, rows and dead letters', async () => {
  const archived = (await readLog(system)).filter(({ seq }) => seq <= LAST_SEQ)
  expect(archived.map(({ actor, record }) => `${actor} ${record.n} ${record.outcome}`)).toEqual([
    'acme/source/returns-md--cL3gZwSONfbxx5ZvfvNmZ4 1 committed',
    'acme/support/ann 1 committed',
    'acme/support/ann 2 committed',
    'acme/support/ann 3 committed',
    'acme/support/ann 4 committed',
    'acme/support/ann 5 committed',
    'acme/support/bad 1 rejected',
    'acme/reminder/r1 1 committed',
    'acme/interest/i1 1 committed',
    'acme/interest/bad 1 rejected',
    'acme/interest/bad 2 committed',
  ])
  expect(await counts({ events: 'seq', messages: 'seq', citations: 'seq', dead_letters: 'seq' })).toEqual({
    events: 14,
    messages: 4,
    citations: 1,
    dead_letters: 2,
  })
  expect((await rows(system, 'SELECT kind, actor FROM actors ORDER BY kind, actor')).map((row) => Object.values(row).join('/'))).toEqual([
    'interest/i1',
    'reminder/r1',
    'source/returns-md--cL3gZwSONfbxx5ZvfvNmZ4',
    'support/ann',
  ])
  const deadLetters = await newestDeadLetters(system.running.jetstream, {}, 10)
  expect(deadLetters.map(({ reason, address }) => `${reason} ${address.kind}/${address.id}`)).toEqual(['bad_data support/bad'])
  expect(await tablesBesideLog(system)).toEqual([])
})

test('its knowledge and messages are found, and its reminder is pending', async () => {
  const found = await runCli(['search', 'return an item', '--tenant', 'acme', '--in', 'knowledge'], { dataDir, settings })
  expect(found.stdout).toContain('returns.md')
  const subject = wakeUpSubject({ tenant: 'acme', kind: 'reminder', id: 'r1' })
  const wakeUp = await system.running.jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: subject })
  expect(wakeUp?.header.get('Nats-Schedule')).toMatch(/^@at 20(98|99)-/)
})

test('its conversations continue from their last state, and its settings and registered kinds are accepted', async () => {
  const recordsOfAnn = async () => (await readLog(system)).filter(({ actor }) => actor === 'acme/support/ann').map(({ record }) => record)
  const before = await recordsOfAnn()
  await publishAll(system, [{ subject: ann, body: { type: 'message.received', data: { role: 'user', text: 'Can I return shoes?' } } }])
  await caughtUp(system)
  const [next] = (await recordsOfAnn()).slice(before.length).map(({ n, outcome, from }) => ({ n, outcome, from }))
  expect(next).toEqual({ n: before.length + 1, outcome: 'committed', from: before.at(-1)?.to })
  expect(await tablesBesideLog(system)).toEqual([])
})
