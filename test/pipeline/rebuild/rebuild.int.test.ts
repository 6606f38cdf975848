import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadState } from '../../../pipeline/projector/rebuild-state.ts'
import { TABLE_NAMES, TABLES } from '../../../schemas/tables.ts'
import { cliJson, runCli, startCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll, rows } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir })
  await publishAll(
    system,
    Array.from({ length: 400 }, (_, i) => messageInput(i)),
  )
  await caughtUp(system)
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const TEXTS = ['How long does shipping to Norway take?', '你好，我的订单到哪里了？', 'I want to talk to a person', 'thanks, that is all']
const messageInput = (i: number) => ({
  subject: `in.acme.support.c${i % 50}`,
  body: { type: 'message.received', id: `m-${i}`, data: { role: 'user', text: TEXTS[i % TEXTS.length] } },
})

/** All rows of all tables, as analysts see them. */
async function everything(database = 'colloquy'): Promise<Record<string, unknown[]>> {
  const tables = TABLE_NAMES.map(
    async (name) => [name, await rows(system, `SELECT * FROM ${database}.${name} ORDER BY ${TABLES[name].orderBy.join(', ')}`)] as const,
  )
  return Object.fromEntries(await Promise.all(tables))
}
const outLast = async () => (await system.running.jetstream.jsm.streams.info('OUT')).state.last_seq
const rebuild = (...args: string[]) => runCli(['rebuild', ...args], { dataDir })
const phase = async () => (await loadState(system.running.kv))?.state.phase

test('a rebuild restores tables that were changed by hand, and sends nothing again', async () => {
  const before = await everything()
  const sent = await outLast()
  const { client } = system.running
  for (const name of TABLE_NAMES) {
    const query = `ALTER TABLE ${name}_rows DELETE WHERE ${TABLES[name].seq} % 2 = 0`
    await client?.command({ query, clickhouse_settings: { mutations_sync: '1' } })
  }
  await client?.command({ query: `INSERT INTO messages_rows (tenant, seq, idx, text) VALUES ('acme', 999999, 7, 'never sent')` })
  expect(await everything()).not.toEqual(before)

  const [result] = await cliJson<{ tables: string[]; records: number }>(['rebuild'], { dataDir })
  const { state } = await system.running.jetstream.jsm.streams.info('LOG')
  expect(result).toMatchObject({ tables: TABLE_NAMES, records: state.last_seq })
  expect(await everything()).toEqual(before)
  expect(await outLast()).toBe(sent)
  await caughtUp(system)
  expect(await outLast()).toBe(sent)
})

test('the tables stay current during a rebuild, and the rebuilt ones have all records of that time', async () => {
  let i = 1_000
  let isOver = false
  const flow = (async () => {
    while (!isOver)
      await publishAll(
        system,
        Array.from({ length: 20 }, () => messageInput(i++)),
      )
  })()
  const result = await rebuild()
  isOver = true
  await flow
  expect(result).toMatchObject({ code: 0 })
  await caughtUp(system)
  const live = await everything()
  expect((await rebuild()).code).toBe(0)
  expect(await everything()).toEqual(live)
})

test('one table can be rebuilt alone', async () => {
  await system.running.client?.command({ query: 'TRUNCATE TABLE messages_rows' })
  expect((await rebuild('messages')).stdout).toMatch(/^Rebuilt messages from /)
  expect(await rows(system, "SELECT count() > 1000 AS enough, countIf(id = '') AS nameless FROM messages")).toEqual([
    { enough: 1, nameless: 0 },
  ])
  expect((await rebuild('passages')).stderr).toMatch(/Allowed choices are events, messages/)
})

test('rows of other generations are removed from the disk', async () => {
  expect(
    await rows(
      system,
      `SELECT table FROM system.parts WHERE active AND database = 'colloquy' AND table LIKE '%_rows'
    GROUP BY table HAVING uniqExact(extract(partition, '^\\\\((\\\\d+),')) > 1`,
    ),
  ).toEqual([])
})

test('a second concurrent rebuild is refused, and a killed rebuild changes nothing', async () => {
  const before = await everything()
  const first = startCli(['rebuild'], { dataDir })
  await expect.poll(phase, { interval: 5 }).toBe('filling')
  const second = startCli(['rebuild'], { dataDir })
  const refused = second.ended
  // On a slow machine the first may end before the second starts.
  const { code, stderr } = await refused
  if (code !== 0) expect(stderr).toMatch(/code: rebuild_runs/)
  await first.ended

  const killed = startCli(['rebuild'], { dataDir })
  await expect.poll(phase, { interval: 5 }).toBe('filling')
  killed.signal('SIGKILL')
  await killed.ended
  expect(await everything()).toEqual(before)
  const { code: after } = await rebuild()
  expect(after).toBe(0)
  expect(await everything()).toEqual(before)
})

test('a rebuild can create the tables as of a LOG sequence in another database', async () => {
  const seq = 300
  const [result] = await cliJson<{ seq: number }>(['rebuild', '--into', 'colloquy_then', '--to', String(seq)], { dataDir })
  expect(result).toMatchObject({ database: 'colloquy_then', seq, records: seq })
  expect(await rows(system, 'SELECT projected_seq AS seq FROM colloquy_then.freshness')).toEqual([{ seq }])
  expect(await rows(system, 'SELECT * FROM colloquy_then.events ORDER BY seq, idx')).toEqual(
    await rows(system, `SELECT * FROM events WHERE seq <= ${seq} ORDER BY seq, idx`),
  )
  const [actor] = await rows<{ actor: string; n: number }>(system, 'SELECT actor, n FROM colloquy_then.actors LIMIT 1')
  expect(await rows(system, `SELECT max(n) AS n FROM events WHERE seq <= ${seq} AND actor = '${actor?.actor}'`)).toEqual([{ n: actor?.n }])
  expect(await cliJson(['sql', 'SELECT count() > 0 AS readable FROM colloquy_then.cases'], { dataDir })).toEqual([{ readable: 1 }])
  expect((await rebuild('--into', 'colloquy_then')).stderr).toMatch(/DROP DATABASE colloquy_then[^]*code: database_exists/)
  expect((await rebuild('--into', 'colloquy_far', '--to', '99999999')).stderr).toMatch(/code: no_such_sequence/)
  expect((await rebuild('--to', '5')).stderr).toMatch(/--to needs --into/)
})
