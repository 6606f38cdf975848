import { rm } from 'node:fs/promises'
import { jetstream } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noteDamage } from '../../../infra/app/damaged-tables.ts'
import { swapTables } from '../../../pipeline/projector/present-generations.ts'
import { cliJson, type CliRun, runCli } from '../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
const sql = (query: string, ...args: string[]): Promise<CliRun> => runCli(['sql', query, ...args], { dataDir })

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir })
  const data = { role: 'user', text: '谢谢\tyou\nall' }
  await jetstream(system.producer).publish('in.acme.support.c1', JSON.stringify({ type: 'message.received', id: 'm-1', data }))
  await cliJson(['status', '--wait'], { dataDir })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

test('a published message is a row once all stages have caught up', async () => {
  expect(await cliJson(['sql', "SELECT tenant, actor, role, text FROM messages WHERE role = 'user'"], { dataDir })).toEqual([
    { tenant: 'acme', actor: 'c1', role: 'user', text: '谢谢\tyou\nall' },
  ])
})

test('without a terminal an answer is tab-separated with a header, unless the query has a FORMAT', async () => {
  const answer = await sql("SELECT 1 AS a, NULL AS b, 'x\ty' AS c")
  expect(answer).toEqual({ code: 0, stdout: 'a\tb\tc\n1\t\\N\tx\\ty\n', stderr: '' })
  expect((await sql('SELECT 1 AS a FORMAT CSVWithNames')).stdout).toBe('"a"\n1\n')
})

test("a failed query is an error with ClickHouse's code, on stderr alone", async () => {
  const failing = async (query: string): Promise<string> => {
    const { code, stdout, stderr } = await sql(query)
    expect([code, stdout]).toEqual([1, ''])
    return stderr
  }

  expect(await failing('SELEC 1')).toMatch(/Syntax error[^]*code: 62$/m)
  expect(await failing('SELECT * FROM nowhere')).toMatch(/nowhere[^]*code: 60$/m)
  const late = 'SELECT throwIf(number = 900000) FROM numbers(1000000)'
  expect(await failing(late)).toMatch(/^error: Value passed to 'throwIf'[^]*code: 395$/m)
})

test('the user of sql can only read', async () => {
  for (const query of ["INSERT INTO messages_rows (text) VALUES ('x')", 'DROP TABLE messages_rows', 'SYSTEM FLUSH LOGS']) {
    expect((await sql(query)).stderr).toMatch(/code: (164|497)$/m)
  }
  expect((await sql('SELECT count() FROM messages_rows')).code).toBe(0)
})

test('--complete-to gives an answer from tables with that sequence, or an error with their sequence', async () => {
  const {
    state: { last_seq: last },
  } = await system.running.jetstream.jsm.streams.info('LOG')
  const count = 'SELECT count() AS n FROM messages'
  expect(await cliJson(['sql', '--complete-to', String(last), '--wait-ms', '5000', count], { dataDir })).toEqual(
    await cliJson(['sql', count], { dataDir }),
  )
  const early = await sql(count, '--complete-to', String(last + 1))
  expect(early).toMatchObject({ code: 1, stdout: '' })
  expect(early.stderr).toMatch(new RegExp(`up to sequence ${last} and not yet up to ${last + 1}[^]*code: not_complete`))
})

test('any client can make the same check in SQL, also in a query that reads no row', async () => {
  const {
    state: { last_seq: last },
  } = await system.running.jetstream.jsm.streams.info('LOG')
  const at = (seq: number, where = 'true') =>
    sql(`SELECT count() FROM messages WHERE ${where} AND (SELECT ok FROM complete_to(seq = ${seq}))`)
  expect(await at(last)).toMatchObject({ code: 0 })
  for (const where of ['true', "tenant = 'nobody'"]) {
    expect((await at(last + 1, where)).stderr).toMatch(
      new RegExp(`not_complete: the tables hold the log up to sequence ${last} and not yet up to ${last + 1}`),
    )
  }
})

test('a table that is being made again after damage is named on stderr, and in the report', async () => {
  const { client } = system.running
  if (client === undefined) throw new Error('no client')
  const ask = (...args: string[]): Promise<CliRun> => runCli(args, { dataDir })
  const count = 'SELECT count() FROM events'
  expect((await sql(count)).stderr).toBe('')
  await noteDamage(client, ['events', 'turns'], 'by this test')
  const runs = [
    await sql(count),
    await ask('questions', 'containment', '--tenant', 'acme'),
    await ask('report', '--tenant', 'acme', '--out', '-'),
  ]
  for (const { code, stderr } of runs) {
    expect(code).toBe(0)
    expect(stderr).toContain('being made again from LOG after damage: events, turns')
  }
  expect(runs[2]?.stdout).toContain('role="alert"')
  await swapTables(client, ['events', 'turns'], 1, 0)
  expect((await sql(count)).stderr).toBe('')
})
