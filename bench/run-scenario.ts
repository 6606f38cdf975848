import { durabilityOf } from '../infra/app/durability.ts'
import { loadSettings, type SettingName } from '../infra/settings.ts'
import { hasCode } from '../schemas/errors.ts'
import { isClean } from './gate/check-ledger.ts'
import { passGate } from './gate/gate.ts'
import { createProducer } from './harness/bench-producer.ts'
import type { Bench, BenchOptions, Measured, OfflineScenario, Scenario } from './harness/bench-scenario.ts'
import type { BenchSystem } from './harness/bench-system.ts'
import { describeMachine, readCommit, readOwnVersions, readVersions } from './harness/machine.ts'
import type { MachineNoise } from './harness/machine-noise.ts'
import type { OfflineReport, Report } from './reports/bench-report.ts'

export interface RunOptions {
  readonly scenario: Scenario
  readonly options: BenchOptions
  readonly system: BenchSystem
  /** Measured before the system was started. */
  readonly machineNoise: MachineNoise
  /** The command line that repeats the run. */
  readonly command: string
  readonly now: () => Date
}

/**
 * Runs a scenario and then the gate. If the gate finds a fault, the report has no figures.
 *
 * @throws ColloquyError `not_level` if a stage did not catch up in time although nothing was lost; other errors pass through.
 */
export async function runScenario({ scenario, options, system, machineNoise, command, now }: RunOptions): Promise<Report> {
  const [machine, versions, commit, date] = [describeMachine(), await readVersions(system), await readCommit(), now()]
  const producer = createProducer({
    nc: system.producerConnection,
    tenant: `bench-${date.getTime().toString(36)}`,
    inputs: scenario.inputs,
    ...options,
  })
  try {
    const measured = await measure(scenario, { system, producer, options })
    await system.complete()
    const verdict = await passGate(system, producer)
    system.check()
    if ('failure' in measured && isClean(verdict)) throw measured.failure
    const figures = 'failure' in measured || !isClean(verdict) ? NO_FIGURES : measured
    return {
      scenario: scenario.name,
      seconds: options.seconds,
      ...verdict,
      ...figures,
      durability: durabilityOf(system.settings, system.nc.info),
      options,
      settings: changedSettings(system),
      machine,
      noise: machineNoise,
      versions,
      commit,
      date: date.toISOString(),
      command,
    }
  } finally {
    producer.publisher.close()
  }
}

/** Runs a scenario that needs no servers; there is nothing for the gate to check. */
export async function runOffline({
  scenario,
  options,
  machineNoise,
  command,
  now,
}: Omit<RunOptions, 'system' | 'scenario'> & { scenario: OfflineScenario }): Promise<OfflineReport> {
  const [machine, versions, commit, date] = [describeMachine(), await readOwnVersions(), await readCommit(), now()]
  return {
    scenario: scenario.name,
    seconds: options.seconds,
    ...(await scenario.measure(options)),
    options,
    settings: {},
    machine,
    noise: machineNoise,
    versions,
    commit,
    date: date.toISOString(),
    command,
  }
}

const NO_FIGURES: Measured = { figures: {}, notes: [] }

/** If a stage does not catch up, it may have lost an input. The gate then runs all the same, to report which one. */
async function measure(scenario: Scenario, bench: Bench): Promise<Measured | { readonly failure: Error }> {
  try {
    return await scenario.run(bench)
  } catch (error) {
    if (error instanceof Error && hasCode(error, 'not_level')) return { failure: error }
    throw error
  }
}

/** Settings with addresses and credentials. The report omits them, because they do not influence the figures. */
const ADDRESS_SETTINGS: ReadonlySet<string> = new Set<SettingName>([
  'DATA_DIR',
  'CACHE_DIR',
  'CONFIG',
  'NATS_URL',
  'NATS_PORT',
  'NATS_USER',
  'NATS_PASSWORD',
  'NATS_TOKEN',
  'NATS_CREDS',
  'NATS_TLS_CA',
  'NATS_TLS_CERT',
  'NATS_TLS_KEY',
  'NATS_SERVER_BIN',
  'CLICKHOUSE_URL',
  'CLICKHOUSE_PORT',
  'CLICKHOUSE_USER',
  'CLICKHOUSE_PASSWORD',
  'HTTP_HOST',
  'HTTP_PORT',
  'HTTP_TOKEN',
  'QDRANT_URL',
  'QDRANT_API_KEY',
  'LLM_BASE_URL',
  'LLM_API_KEY',
  'EMBED_HUB_URL',
  'EMBED_HUB_TOKEN',
  'EMBED_PROXY_URL',
])

function changedSettings({ settings }: BenchSystem): Record<string, string> {
  const defaults = new Map(Object.entries(loadSettings({}).settings))
  const texts = Object.entries(settings).map(([name, value]) => [name, textOf(value)] as const)
  return Object.fromEntries(texts.filter(([name, text]) => !ADDRESS_SETTINGS.has(name) && text !== textOf(defaults.get(name))))
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
