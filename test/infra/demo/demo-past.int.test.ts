import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
    await runCli(['status', '--wait'], options)
    const [{ cases } = { cases: 0 }] = await cliJson<{ cases: number }>(
      ['sql', `SELECT toUInt32(count()) AS cases FROM cases WHERE ${past}`],
      options,
    )
    expect(cases).toBeGreaterThan(300)
  },
  TIMEOUT_MS,
)
