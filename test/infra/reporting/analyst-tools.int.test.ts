import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@clickhouse/client'
import { createClient as createWebClient } from '@clickhouse/client-web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parametersOf } from '../../../infra/reporting/questions/ask-question.ts'
import { loadQuestion } from '../../../infra/reporting/questions/questions.ts'
import { deskKind } from '../../support/analyst-kind.ts'
import { openBrowser } from '../../support/chromium.ts'
import { gradedKind } from '../../support/graded-kind.ts'
import {
  alerts,
  dashboards,
  expandProm,
  expandSql,
  type GrafanaTime,
  type GrafanaVariables,
  promQueries,
  sources,
  sqlQueries,
} from '../../support/grafana-queries.ts'
import { obtainPromtool } from '../../support/promtool.ts'
import { caughtUp, publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let system: System
let url: string
let time: GrafanaTime
const tenant = 'shop'
const { promtool = '', missing } = await obtainPromtool()
const { browser, missing: noBrowser } = await openBrowser()

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [deskKind, gradedKind] })
  url = system.running.clickhouse?.url ?? ''
  await play()
  const now = Date.now()
  time = { from: new Date(now - 3_600_000), to: new Date(now + 60_000), intervalMs: 30_000 }
})
afterAll(async () => {
  await browser?.close()
  await system.stop()
  await rm(dataDir, { recursive: true })
})

/** Something of everything that a panel shows, errors and rubbish included. */
async function play(): Promise<void> {
  const on = (actor: string, type: string, data: object, more: object = {}) => ({
    subject: `in.${tenant}.desk.${actor}`,
    body: { type, data, ...more },
  })
  const say = (actor: string, text: string) => on(actor, 'message.received', { role: 'user', text })
  const texts = ['size?', 'refund nothing', 'refund fail', 'delivery person', 'delivery now!']
  await publishAll(
    system,
    texts.map((text, index) => say(`a${index}`, text)),
  )
  await caughtUp(system)
  await publishAll(system, [
    on('a0', 'feedback.given', { rating: 5 }),
    on('a0', 'case.resolved', { outcome: 'resolved' }),
    on('a3', 'case.resolved', { outcome: 'escalated_resolved' }),
    on('a1', 'case.resolved', { outcome: 'abandoned' }),
    on('a2', 'feedback.given', { rating: 'x' }),
    on('a4', 'case.resolved', { outcome: 'answered' }, { id: 'once' }),
    on('a4', 'case.resolved', { outcome: 'answered' }, { id: 'once' }),
  ])
  await caughtUp(system)
}

/** ClickHouse's answer to a query of a dashboard. */
async function answerOf(
  text: string,
  variables: GrafanaVariables,
  at: GrafanaTime,
): Promise<{ meta: { name: string; type: string }[]; data: unknown[][] }> {
  const parameters = new URLSearchParams({ user: 'analyst', default_format: 'JSONCompact', output_format_json_quote_64bit_integers: '1' })
  const body = await ask(`/?${String(parameters)}`, { method: 'POST', body: expandSql(text, variables, at) })
  return JSON.parse(body) as { meta: { name: string; type: string }[]; data: unknown[][] }
}

/** ClickHouse's answer to a request as some tool sends it, without credentials unless it has some. */
async function ask(path: string, init: RequestInit): Promise<string> {
  const response = await fetch(`${url}${path}`, init)
  const body = await response.text()
  expect({ status: response.status, body: response.ok ? '' : body }).toEqual({ status: 200, body: '' })
  return body
}

describe('a tool for ClickHouse runs one of the questions', () => {
  const scope = () => parametersOf({ tenant, from: time.from, to: time.to })
  const answer = { total: 1, closed: 4, contained: 3 }

  test('@clickhouse/client', async () => {
    const client = createClient({ url, username: 'analyst', database: 'colloquy', compression: { response: true } })
    const result = await client.query({ query: (await loadQuestion('containment')).sql, query_params: scope(), format: 'JSONEachRow' })
    expect((await result.json())[0]).toMatchObject(answer)
    await client.close()
  })

  test('@clickhouse/client-web, as pages in a browser use it', async () => {
    const client = createWebClient({ url, username: 'analyst', database: 'colloquy' })
    const result = await client.query({ query: (await loadQuestion('containment')).sql, query_params: scope(), format: 'JSONEachRow' })
    expect((await result.json())[0]).toMatchObject(answer)
    await client.close()
  })

  test('curl, with the file of the repository', async () => {
    const parameters = new URLSearchParams({
      user: 'analyst',
      default_format: 'JSONEachRow',
      output_format_json_quote_64bit_integers: '0',
      ...Object.fromEntries(Object.entries(scope()).map(([name, value]) => [`param_${name}`, value])),
    })
    const file = new URL('../../../infra/reporting/questions/containment.sql', import.meta.url).pathname
    const { stdout } = await promisify(execFile)('curl', ['-sS', `${url}/?${String(parameters)}`, '--data-binary', `@${file}`])
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject(answer)
  })

  test("what ClickHouse's own web UI sends, and a page of another site does not get to read it", async () => {
    expect(await ask('/play', {})).toContain('ClickHouse')
    const parameters = new URLSearchParams({
      add_http_cors_header: '1',
      user: 'analyst',
      default_format: 'JSONStringsEachRowWithProgress',
      enable_http_compression: '1',
      use_query_cache: '1',
      enable_reads_from_query_cache: '0',
      enable_writes_to_query_cache: '1',
      query_cache_ttl: '600',
      query_cache_nondeterministic_function_handling: 'save',
      query_cache_system_table_handling: 'ignore',
      extremes: '1',
      database: 'colloquy',
    })
    const response = await fetch(`${url}/?${String(parameters)}`, {
      method: 'POST',
      body: 'SELECT count() AS n FROM cases',
      headers: { Origin: 'https://elsewhere.example' },
    })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('{"row":{"n":"5"}}')])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  const noBrowserText = noBrowser === undefined ? '' : ` (skipped: ${noBrowser})`
  test.skipIf(noBrowser !== undefined)(`ClickHouse's own web UI in a browser${noBrowserText}`, async () => {
    const page = await browser?.newPage()
    await page?.goto(`${url}/play?user=analyst`)
    await page?.locator('#query').fill("SELECT concat('closed: ', toString(count())) AS answer FROM cases WHERE isNotNull(closed_at)")
    await page?.locator('#run').click()
    await page?.getByText('closed: 4', { exact: true }).waitFor({ timeout: 60_000 })
  })

  test("Grafana's data source: what its driver, clickhouse-go over HTTP, sends", async () => {
    const parameters = new URLSearchParams({
      database: 'colloquy',
      default_format: 'Native',
      max_execution_time: '25',
      query_id: 'a-panel',
    })
    for (const body of ['SELECT timeZone()', 'SELECT 1', 'SELECT count() FROM cases']) {
      const headers = { Authorization: `Basic ${btoa('analyst:')}`, 'Accept-Encoding': 'gzip' }
      const response = await fetch(`${url}/?${String(parameters)}`, { method: 'POST', body, headers })
      expect([response.status, response.headers.get('x-clickhouse-format')]).toEqual([200, 'Native'])
      await response.arrayBuffer()
    }
  })
})

describe('dashboards and alert rules', () => {
  test('every query on the tables succeeds, and the first column of a time series is a time', async () => {
    expect(sqlQueries.length).toBeGreaterThan(30)
    const empty: string[] = []
    for (const { where, text, isSeries } of sqlQueries) {
      const { meta, data } = await answerOf(text, { tenant }, time)
      if (text.includes('${compare')) {
        expect([where, data]).toEqual([where, []])
        continue
      }
      if (isSeries) expect([where, meta[0]?.name, meta[0]?.type]).toEqual([where, 'time', expect.stringMatching(/^DateTime64/)])
      if (data.length === 0 || data.every((row) => row.every((value) => value === null))) empty.push(where)
    }
    // Of these there is nothing in so small a system: 20 judged answers within an hour.
    expect(empty).toEqual(['alert: Answers are bad'])
  })

  test('the alert on quality fires for bad answers, and for no good ones', async () => {
    const text = sqlQueries.find(({ where }) => where === 'alert: Answers are bad')?.text ?? ''
    const ask = (of: string, quality: number) =>
      publishAll(
        system,
        Array.from({ length: 24 }, (_, index) => ({
          subject: `in.${of}.graded.g1`,
          body: { type: 'message.received', id: `q-${index}`, data: { role: 'user', text: `退货 ${quality}` } },
        })),
      )
    await ask('bad', 0.4)
    await ask('good', 0.9)
    await caughtUp(system)
    const now = { ...time, to: new Date(Date.now() + 60_000) }
    const { data } = await answerOf(text, { tenant }, now)
    const [threshold] = alerts.find(({ title }) => title === 'Answers are bad')?.data.flatMap(({ model }) => model.conditions ?? []) ?? []
    expect(threshold?.evaluator).toEqual({ type: 'lt', params: [0.7] })
    expect(data.map(([of, model, average]) => [of, model, Number(average) < 0.7]).sort()).toEqual([
      ['bad', 'small', true],
      ['good', 'small', false],
    ])
    const metrics = await (await fetch(`${system.running.http?.url}/metrics`)).text()
    expect(metrics).toMatch(/colloquy_quality_score_count\{kind="graded",evaluator="rules"\} 48\n/)
    expect(metrics).toMatch(/colloquy_quality_score_bucket\{le="0.4",kind="graded",evaluator="rules"\} 24\n/)
  })

  test('a dashboard of one kind shows nothing of another', async () => {
    const closed = sqlQueries.find(({ where }) => where === 'Colloquy: conversations: Cases closed')?.text ?? ''
    expect((await answerOf(closed, { tenant, kind: 'desk' }, time)).data).toEqual([['4']])
    expect((await answerOf(closed, { tenant, kind: 'support' }, time)).data).toEqual([['0']])
  })

  test('a dashboard compares with the period before, of as many days of its time zone', async () => {
    const compared = sqlQueries.filter(({ text }) => text.includes('${compare'))
    expect(compared.length).toBeGreaterThan(6)
    // Everything happened in the period before, and nothing in this one.
    const later = { ...time, from: time.to, to: new Date(time.to.getTime() + 3_660_000) }
    for (const { where, text } of compared) {
      const { meta, data } = await answerOf(text, { tenant, previousFrom: time.from }, later)
      expect([where, meta.map(({ name }) => name)]).toEqual([where, ['before', 'change']])
      expect([where, data[0]?.[0]]).toEqual([where, expect.anything()])
    }
    const [closed] = compared
    expect((await answerOf(closed?.text ?? '', { tenant, previousFrom: time.from }, later)).data).toEqual([['4', '-4']])

    const start = sqlQueries.find(({ where }) => where.endsWith('$previous_from'))?.text ?? ''
    const previousFrom = async (from: string, to: string, timeZone: string): Promise<string> => {
      const { data } = await answerOf(start, { tenant }, { from: new Date(from), to: new Date(to), intervalMs: 1_000, timeZone })
      return new Date(Number(data[0]?.[0])).toISOString()
    }
    // "Last week" of New York begins and ends at midnight there; a day of the week before had 23 hours.
    const week = ['2026-03-09T04:00:00.000Z', '2026-03-16T03:59:59.999Z'] as const
    expect(await previousFrom(...week, 'America/New_York')).toBe('2026-03-02T05:00:00.000Z')
    expect(await previousFrom(...week, 'utc')).toBe('2026-03-02T04:00:00.001Z')
    expect(await previousFrom('2026-03-09T10:00:00.000Z', '2026-03-09T11:30:00.000Z', 'Asia/Kathmandu')).toBe('2026-03-09T08:30:00.000Z')
  })

  test('/metrics has every metric and label of the PromQL queries', async () => {
    const metrics = await (await fetch(`${system.running.http?.url}/metrics`)).text()
    const types = new Set([...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name))
    const labels = new Map<string, Set<string>>()
    for (const [, name = '', pairs = ''] of metrics.matchAll(/^([a-z_]+)\{(.*)\} \S+$/gm)) {
      labels.set(name, new Set([...(labels.get(name) ?? []), ...[...pairs.matchAll(/([a-z_]+)="/g)].map(([, label = '']) => label)]))
    }
    expect(promQueries.length).toBeGreaterThan(20)
    for (const { where, text } of promQueries) {
      const names = [...text.matchAll(/\b(colloquy|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name)
      expect([where, names.length > 0 || /\bup\b/.test(text)]).toEqual([where, true])
      for (const name of names) {
        expect([where, name, types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, ''))]).toEqual([where, name, true])
        const known = labels.get(name)
        if (known === undefined) continue
        const used = [...text.matchAll(/\bby \(([^)]*)\)|\{([a-z_]+)!?=/g)].flatMap(([, by = '', matched = '']) => [
          ...by.split(/,\s*/),
          matched,
        ])
        // Prometheus adds job and instance to whatever it scrapes.
        for (const label of used.filter((one) => one !== '' && one !== 'job')) {
          expect([where, label, known.has(label)]).toEqual([where, label, true])
        }
      }
    }
  })

  const missingText = missing === undefined ? '' : ` (skipped: ${missing})`
  test.skipIf(missing !== undefined)(`Prometheus reads every PromQL query${missingText}`, async () => {
    const file = join(dataDir, 'panels.yml')
    const rules = promQueries.map(({ text }, index) => ({ record: `panel:${index}`, expr: expandProm(text) }))
    await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }))
    const { stdout } = await promisify(execFile)(promtool, ['check', 'rules', file])
    expect(stdout).toContain(`SUCCESS: ${promQueries.length} rules found`)
  })

  test('panels and rules use provisioned data sources and have unique ids', () => {
    expect(sources.map(({ type }) => type).sort()).toEqual(['grafana-clickhouse-datasource', 'prometheus'])
    const uids = new Set([...sources.map(({ uid }) => uid), '__expr__'])
    for (const { title, condition, data } of alerts) {
      expect([title, data.every(({ datasourceUid }) => uids.has(datasourceUid)), data.some(({ refId }) => refId === condition)]).toEqual([
        title,
        true,
        true,
      ])
    }
    for (const { panels } of dashboards) expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length)
  })
})
