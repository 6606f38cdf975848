import { access, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { connectToRunningClickHouse } from '../../../infra/app/connect-to-running.ts'
import { askQuestion } from '../../../infra/reporting/questions/ask-question.ts'
import { QUESTION_NAMES } from '../../../infra/reporting/questions/questions.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { expandSql, sqlQueries } from '../../support/grafana-queries.ts'
import { cliJson, type CliOptions, type CliProcess, runCli, startCli, startUp } from '../../support/run-cli.ts'
import { temporaryFolder } from '../../support/test-system.ts'

let options: CliOptions
let running: CliProcess | undefined

beforeEach(async () => {
  options = { dataDir: await temporaryFolder(), settings: { ROLES: 'host,dispatch,tasks,project' } }
})
afterEach(async () => {
  running?.signal('SIGTERM')
  await running?.ended
  await rm(options.dataDir, { recursive: true })
})

const DAY_MS = 86_400_000
/** Panels of the dashboards that are right to be empty. */
const EMPTY_PANELS: readonly string[] = []
const past = "tenant = 'demo' AND actor LIKE 'past-%'"

/** Seconds on a quiet machine; a busy one has its own time. */
const TIMEOUT_MS = 600_000

test(
  'the first start of the demo has weeks of past, which the tables and a replay agree with',
  async () => {
    running = await startUp(options, '--demo')
    await runCli(['status', '--wait'], options)

    const [cases] = await cliJson<{ cases: number; days: number; langs: number }>(
      [
        'sql',
        `SELECT toUInt32(count()) AS cases, toUInt32(uniq(toDate(opened_at))) AS days, toUInt32(uniq(lang)) AS langs
       FROM cases WHERE ${past}`,
      ],
      options,
    )
    expect(cases).toMatchObject({ langs: 2 })
    expect(cases?.cases).toBeGreaterThan(300)
    expect(cases?.days).toBeGreaterThan(40)

    // The live demo has just begun: what is older is of the past.
    const to = new Date(Date.now() - 5 * 60_000)
    const file = join(options.dataDir, 'report.html')
    for (const lang of ['en', 'zh']) {
      const made = await runCli(['report', '--tenant', 'demo', '--to', to.toISOString(), '--lang', lang, '--out', file], options)
      expect(made, made.stderr).toMatchObject({ code: 0 })
      const sections = (await readFile(file, 'utf8')).split('<section id="').slice(1)
      expect(sections).toHaveLength(QUESTION_NAMES.length)
      expect(sections.filter((section) => section.includes('answer none')).map((section) => section.split('"')[0])).toEqual([])
    }
    const { settings } = loadSettings({ COLLOQUY_DATA_DIR: options.dataDir })
    await using client = createClient(await connectToRunningClickHouse(settings, 'analyst'))
    const from = new Date(to.getTime() - 30 * DAY_MS)
    for (const name of QUESTION_NAMES) {
      expect((await askQuestion(client, name, { tenant: 'demo', from, to })).length, name).toBeGreaterThan(0)
    }
    const empty: string[] = []
    for (const { where, text } of sqlQueries.filter((query) => !query.where.startsWith('alert: '))) {
      const variables = { tenant: 'demo', previousFrom: new Date(from.getTime() - 10 * DAY_MS) }
      const query = expandSql(text, variables, { from, to, intervalMs: DAY_MS })
      const rows = z.array(z.record(z.string(), z.unknown())).parse(await (await client.query({ query, format: 'JSONEachRow' })).json())
      if (!rows.some((row) => Object.values(row).some((value) => value !== null))) empty.push(where)
    }
    expect(empty).toEqual(EMPTY_PANELS)

    expect(await runCli(['check', '--tenant', 'demo'], options)).toMatchObject({ code: 0 })
    const verified = await runCli(['verify'], options)
    expect(verified, verified.stdout).toMatchObject({ code: 0 })
  },
  TIMEOUT_MS,
)

test(
  'a past that was cut off half-way is made again',
  async () => {
    const cut = startCli(['up', '--demo', '--json'], options)
    await cut.line((line) => line.includes('gets a past'))
    cut.signal('SIGKILL')
    await cut.ended

    running = await startUp(options, '--demo')

    await expect(access(join(options.dataDir, 'demo-past'))).rejects.toThrow()
    const count = ['sql', `SELECT toUInt32(count()) AS cases FROM cases WHERE ${past}`]
    await expect.poll(async () => (await cliJson<{ cases: number }>(count, options))[0]?.cases, { timeout: 300_000 }).toBeGreaterThan(300)
  },
  TIMEOUT_MS,
)
