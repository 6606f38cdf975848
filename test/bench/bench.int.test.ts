import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createBenchProgram } from '../../bench/bench-program.ts'
import { CAUGHT_UP_MS_MAX } from '../../bench/harness/in-time.ts'
import { type CliProcess, startUp } from '../support/run-cli.ts'
import { settingsFor, temporaryFolder } from '../support/test-system.ts'

const MAIN = fileURLToPath(new URL('../../bench/bench.ts', import.meta.url))
const KINDS = fileURLToPath(new URL('../../bench/harness/kinds-config.ts', import.meta.url))
const report = z.object({
  scenario: z.string(),
  seconds: z.number(),
  acknowledged: z.number(),
  lost: z.number(),
  duplicated: z.number(),
  outOfOrder: z.number(),
  figures: z.record(z.string(), z.number()),
  spread: z.record(z.string(), z.object({ p25: z.number(), p75: z.number() })).optional(),
  commit: z.string(),
  machine: z.object({ cores: z.number() }),
  noise: z.object({ iqrPercent: z.number() }),
})

let dataDir: string
let up: CliProcess
let settings: Parameters<typeof settingsFor>[1]

beforeAll(async () => {
  dataDir = await temporaryFolder()
  // With so few actors in memory `scale` has evicted ones to load. `embed` is measured separately.
  settings = { LIVE_ACTORS_MAX: '250', CONFIG: KINDS, ROLES: 'host,dispatch,tasks,project,serve' }
  up = await startUp({ dataDir, settings })
})

afterAll(async () => {
  up.signal('SIGTERM')
  await up.ended
  await rm(dataDir, { recursive: true, force: true })
})

/** Runs the harness as a process. */
async function bench(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('COLLOQUY_'))
  const env = { ...Object.fromEntries(inherited), ...environment }
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code: child.exitCode, stdout, stderr }
}

/** Runs the harness in this process, attached to the system of this file. @returns its output */
async function benchHere(args: readonly string[]): Promise<string> {
  const lines: string[] = []
  const program = createBenchProgram({
    environment: attached(),
    line: (line) => lines.push(line),
    log: pino({ level: 'silent' }),
    now: () => new Date(),
  })
  await program.exitOverride().parseAsync(args, { from: 'user' })
  return lines.join('\n')
}

const attached = (): Record<string, string> =>
  Object.fromEntries(Object.entries(settingsFor(dataDir, settings)).map(([name, value]) => [`COLLOQUY_${name}`, value]))

/**
 * Each test starts processes and runs some seconds of load, possibly with less than one free core. Longer than a wait of the scenario and
 * one of the gate together: when one of them hangs, it says what it waits for.
 */
const TIMEOUT_MS = 2 * CAUGHT_UP_MS_MAX + 120_000

describe('the benchmark harness', { timeout: TIMEOUT_MS }, () => {
  it.each([
    {
      scenario: 'turns',
      actors: 100,
      figures: ['turnsPerSecond', 'bareLoopPerSecond', 'ratio', 'turnsPerSecondToTables', 'logBytesPerTurn'],
    },
    {
      scenario: 'latency',
      actors: 100,
      figures: ['toLogP50Ms', 'toLogP99Ms', 'toOutP50Ms', 'toOutP99Ms', 'toRowP50Ms', 'toRowP99Ms', 'toRowMaxMs'],
    },
    { scenario: 'tasks', actors: 100, figures: ['roundTripP50Ms', 'roundTripP99Ms', 'publishToOutcomeP50Ms', 'queueP50Ms', 'tasks'] },
    {
      scenario: 'analysts',
      actors: 100,
      figures: ['containmentP50Ms', 'containmentP99Ms', 'knowledgeGapsP99Ms', 'tasksAloneMs', 'eventRows'],
    },
    {
      scenario: 'scale',
      actors: 300,
      figures: ['rssMiBAll', 'bytesPerLiveActor', 'logBytesPerTurn', 'costRatio', 'coldTurnP50Ms', 'hotTurnP50Ms'],
    },
    {
      scenario: 'replay',
      actors: 100,
      rows: 300,
      figures: ['rebuiltRecordsPerSecond', 'bareConsumerRecordsPerSecond', 'bareInsertRecordsPerSecond'],
    },
    { scenario: 'soak', actors: 100, figures: ['upMiBLate', 'upMiBPerHour', 'hostLagP50Late', 'tablesLagP99Late'] },
    { scenario: 'takeover', actors: 100, figures: ['killedLongestWaitMs', 'stoppedLongestWaitMs', 'undisturbedP99Ms'] },
  ])('measures $scenario, and the gate finds no fault', async ({ scenario, actors, rows = 20_000, figures }) => {
    const file = join(dataDir, `${scenario}.json`)
    const flags = { seconds: 1, actors, rate: 100, rows, payload: 80, seed: 7, json: file }
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    const printed = await benchHere([scenario, '--attach', ...given])
    for (const figure of figures) expect(printed).toContain(`| ${figure} |`)

    const written = report.parse(JSON.parse(await readFile(file, 'utf8')))
    expect(written).toMatchObject({ scenario, seconds: 1, lost: 0, duplicated: 0, outOfOrder: 0 })
    expect(written.acknowledged).toBeGreaterThanOrEqual(100)
    expect(Object.keys(written.figures)).toEqual(expect.arrayContaining(figures))
  })

  it('measures the embedder beside its bare session, with a generated model', async () => {
    const printed = await benchHere(['embed', '--attach', '--seconds', '1', '--actors', '1000'])
    const figures = [
      'textsPerSecond',
      'bareTextsPerSecond',
      'ratio',
      'eventLoopP99Ms',
      'questionP99Ms',
      'lexicalTextsPerSecond',
      'rssMiBAfter',
    ]
    for (const figure of figures) {
      expect(Number(new RegExp(`\\| ${figure} \\| ([\\d.,]+) \\|`).exec(printed)?.[1]?.replaceAll(',', ''))).toBeGreaterThan(0)
    }
  })

  it('measures the kinds without servers, beside bare transitions with the same final states', async () => {
    const file = join(dataDir, 'kinds.json')
    const printed = await benchHere(['kinds', '--seconds', '1', '--actors', '20', '--json', file])
    const { figures } = z.object({ figures: z.record(z.string(), z.number()) }).parse(JSON.parse(await readFile(file, 'utf8')))
    for (const kind of ['support', 'reminder', 'interest']) {
      for (const figure of ['TurnsPerSecond', 'BareTransitionsPerSecond', 'Ratio']) expect(figures[`${kind}${figure}`]).toBeGreaterThan(0)
      expect(printed).toContain(`| ${kind}Ratio |`)
    }
  })

  it('starts its own system without --attach; with --roles host the other roles run only after the measurement', async () => {
    const { code, stdout } = await bench(['turns', '--seconds', '1', '--actors', '10', '--roles', 'host'])
    expect(code).toBe(0)
    expect(stdout).toContain('0 lost, 0 duplicated, 0 out of order')
    expect(stdout).toContain('| turnsPerSecond |')
    expect(stdout).not.toContain('turnsPerSecondToTables')
  })

  it('fails with not_running if there is no system to attach to', async () => {
    const { code, stderr } = await bench(['turns', '--attach'], { COLLOQUY_DATA_DIR: join(dataDir, 'nothing') })
    expect(code).toBe(1)
    expect(stderr).toContain('code: not_running')
  })
})
