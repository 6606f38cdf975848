import type { ClickHouseClient } from '@clickhouse/client'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogParser } from '../../../pipeline/jetstream/log-message.ts'
import { insertBatch } from '../../../pipeline/projector/insert-batch.ts'
import { createBatch } from '../../../pipeline/projector/row-batch.ts'
import { rowsTable } from '../../../schemas/ddl.ts'
import { ForeignCodeError } from '../../../schemas/errors.ts'
import { encodeRecord } from '../../../schemas/record-form.ts'
import { TABLE_NAMES, TABLES } from '../../../schemas/tables.ts'
import { support } from '../../support/support-harness.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [support] })
})
afterAll(() => system.stop())

const odd = (actor: string, data: object, more: object = {}) => ({
  subject: `in.acme.support.${actor}`,
  body: { type: 'odd.thing', data, ...more },
})
const userMessage = (tenant: string, actor: string, text: string, more: object = {}) => ({
  subject: `in.${tenant}.support.${actor}`,
  body: { type: 'message.received', data: { role: 'user', text, ...more } },
})

describe('hostile data', () => {
  test('with 10,000 distinct fields: the paths of a JSON column stay bounded, and every field is found', async () => {
    await publishAll(
      system,
      Array.from({ length: 100 }, (_, i) => odd('fields', Object.fromEntries(Array.from({ length: 100 }, (__, k) => [`f${i}_${k}`, k])))),
    )
    await caughtUp(system)
    expect(await rows(system, "SELECT uniqExactArray(JSONAllPaths(data)) AS n FROM events WHERE actor = 'fields'")).toEqual([{ n: 10_000 }])
    const columns = await rows<{ n: number }>(system, 'SELECT uniqExactArray(JSONDynamicPaths(data)) AS n FROM events_rows GROUP BY _part')
    for (const { n } of columns) expect(n).toBeLessThanOrEqual(256)
    const found = "SELECT count() AS n, any(data.f99_98) AS value FROM events WHERE actor = 'fields' AND data.f99_98 IS NOT NULL"
    expect(await rows(system, found)).toEqual([{ n: 1, value: 98 }])
    await system.running.client?.command({ query: 'OPTIMIZE TABLE events_rows FINAL' })
    expect(await rows(system, "SELECT count() AS n FROM events WHERE actor = 'fields'")).toEqual([{ n: 100 }])
  })

  test('that a JSON column cannot hold becomes a row with the reason and the exact text', async () => {
    const conflicts = [{ 'a.b': 1, a: { b: 2 } }, { list: [[{ 'a.b': 1, a: { b: 2 } }]] }, { 'a.b': [], a: { b: 0 } }]
    const fine = [
      { 'a.b': null, a: { b: 2 } },
      { a: 1, 'a.b': 2 },
      { 'a.b': {}, a: { b: 2 } },
      { nothing: null, empty: {}, zero: '\u0000' },
    ]
    await publishAll(
      system,
      [...conflicts, ...fine].map((data) => odd('paths', data)),
    )
    await caughtUp(system)
    expect(await rows(system, "SELECT data_raw, data_error FROM events WHERE actor = 'paths' ORDER BY seq")).toEqual([
      ...conflicts.map((data) => ({
        data_raw: JSON.stringify(data),
        data_error: expect.stringMatching(/^two fields have the path .*a\.b$/) as string,
      })),
      ...fine.map((data) => ({ data_raw: JSON.stringify(data), data_error: null })),
    ])
  })

  test('that looks like a date or a number stays a string', async () => {
    await publishAll(system, [odd('texts', { date: '2026-01-01', time: '2026-01-01T00:00:00Z', number: '12' })])
    await caughtUp(system)
    expect(await rows(system, "SELECT JSONAllPathsWithTypes(data) AS types FROM events WHERE actor = 'texts'")).toEqual([
      { types: { date: 'String', time: 'String', number: 'String' } },
    ])
  })

  test('dated in the future or the past is stored in the month of its commit', async () => {
    await publishAll(system, [odd('times', {}, { time: '2099-12-31T23:59:59Z' }), odd('times', {}, { time: '1970-01-01T00:00:00Z' })])
    await caughtUp(system)
    expect(
      await rows(
        system,
        `
      SELECT toString(time) AS time, _partition_value.2 = toYYYYMM(committed_at) AS kept,
        toBool(abs(dateDiff('hour', committed_at, now())) < 2) AS now
      FROM events_rows WHERE actor = 'times' ORDER BY seq`,
      ),
    ).toEqual([
      { time: '2099-12-31 23:59:59.000', kept: 1, now: true },
      { time: '1970-01-01 00:00:00.000', kept: 1, now: true },
    ])
  })

  test('in names is stored like any other data', async () => {
    const names = ['--', '__proto__', 'DROP-TABLE', '0', 'x'.repeat(128)]
    const quoted = `'; DROP TABLE cases_rows; -- "\\ {x:String} 😀`
    await publishAll(
      system,
      names.map((tenant) => userMessage(tenant, tenant, 'hello', { customer: quoted, channel: quoted })),
    )
    await caughtUp(system)
    for (const tenant of names) {
      const result = await system.running.client?.query({
        query: 'SELECT actor, customer, channel FROM cases WHERE tenant = {tenant:String}',
        query_params: { tenant },
        format: 'JSONEachRow',
      })
      expect(await result?.json()).toEqual([{ actor: tenant, customer: quoted, channel: quoted }])
    }
  })

  test('of the maximum size is stored whole; a larger message becomes a dead letter with the start of its payload', async () => {
    const [large, larger] = ['你'.repeat(80_000), '好'.repeat(350_000)]
    await publishAll(system, [userMessage('acme', 'large', large), userMessage('acme', 'larger', larger)])
    await caughtUp(system)
    expect(
      await rows(system, "SELECT chars, text = repeat('你', 80000) AS whole FROM messages WHERE actor = 'large' AND role = 'user'"),
    ).toEqual([{ chars: 80_000, whole: 1 }])
    expect(await rows(system, "SELECT reason, toBool(length(payload) > 1000) AS kept FROM dead_letters WHERE actor = 'larger'")).toEqual([
      { reason: 'too_large', kept: true },
    ])
  })
})

describe('ClickHouse', () => {
  const QUESTIONS = 30
  /** Every question has its rows exactly once in every table. */
  const expectAllRows = async (tenant: string): Promise<void> => {
    await caughtUp(system)
    expect(
      await rows(
        system,
        `
      SELECT (SELECT count() FROM turns WHERE tenant = '${tenant}') AS turns,
        (SELECT sum(turns_answered) FROM cases WHERE tenant = '${tenant}') AS answered,
        (SELECT countIf(role = 'user') FROM messages WHERE tenant = '${tenant}') AS asked,
        (SELECT count() FROM states WHERE tenant = '${tenant}' AND left_at IS NULL) AS open
    `,
      ),
    ).toEqual([{ turns: QUESTIONS, answered: QUESTIONS, asked: QUESTIONS, open: QUESTIONS }])
  }
  const ask = (tenant: string) =>
    publishAll(
      system,
      Array.from({ length: QUESTIONS }, (_, i) => userMessage(tenant, `a${i}`, 'Hello')),
    )

  test('that refuses one table in the middle of a batch is retried until it accepts, with no row missing or doubled', async () => {
    const { client, stages } = system.running
    await client?.command({ query: 'DETACH TABLE turns_rows' })
    try {
      await ask('refused')
      // The tables before it in the batch are written; the progress mark does not advance.
      await expect
        .poll(async () => rows(system, "SELECT count() AS n FROM messages WHERE tenant = 'refused' AND role = 'user'"))
        .not.toEqual([{ n: 0 }])
      expect(stages.get('project')?.status().lag).toBeGreaterThan(0)
    } finally {
      await client?.command({ query: 'ATTACH TABLE turns_rows' })
    }
    await expectAllRows('refused')
  })

  test('that is killed in the middle of a batch restarts, with no row missing or doubled', async () => {
    const killed = system.running.clickhouse?.pid ?? 0
    const asked = ask('killed')
    process.kill(killed, 'SIGKILL')
    await asked
    await expectAllRows('killed')
    expect(system.running.clickhouse?.pid).not.toBe(killed)
  })
})

test('rows inserted one by one equal rows inserted as one block', async () => {
  const { client } = system.running
  if (client === undefined) throw new Error('no tables')
  const batch = createBatch(createLogParser(system.settings.PARTITIONS))
  for (const { seq, subject, record } of await readLog(system)) {
    batch.add({ seq, subject, data: encodeRecord(record), time: new Date(0) })
  }
  const { jetstream, metrics } = system.running
  const deps = { jetstream, log: pino({ level: 'silent' }), metrics, signal: new AbortController().signal }
  // Behaves like a server that refuses every block.
  const refusing = Object.assign(Object.create(client) as ClickHouseClient, {
    exec: () => Promise.reject(new ForeignCodeError('117', 'cannot read it')),
  })
  await insertBatch({ ...deps, clickhouse: client }, batch, () => 901)
  await insertBatch({ ...deps, clickhouse: refusing }, batch, () => 902)
  for (const name of TABLE_NAMES) {
    const [asBlock, oneByOne] = await Promise.all(
      [901, 902].map((generation) =>
        rows(
          system,
          `SELECT * EXCEPT (generation) FROM ${rowsTable(name)} FINAL WHERE generation = ${generation}
        ORDER BY ${TABLES[name].orderBy.join(', ')} SETTINGS do_not_merge_across_partitions_select_final = 1`,
        ),
      ),
    )
    expect(asBlock, name).toEqual(oneByOne)
    expect(asBlock?.length ?? 0, name).toBe((await rows<{ n: number }>(system, `SELECT count() AS n FROM ${name}`))[0]?.n)
  }
})

test('at the end the tables match the log', async () => {
  expect(await tablesBesideLog(system)).toEqual([])
})
