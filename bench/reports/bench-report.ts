import { markdownTable } from 'markdown-table'
import { durabilityText } from '../../infra/app/durability.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { isClean, type Verdict } from '../gate/check-ledger.ts'
import type { BenchOptions, Measured } from '../harness/bench-scenario.ts'
import type { Machine, Versions } from '../harness/machine.ts'
import { type MachineNoise, machineNoiseText } from '../harness/machine-noise.ts'
import type { Spread } from '../harness/statistics.ts'

/** The scenario and its options, the machine and software it ran on, and the command that repeats it. */
export interface RunContext {
  readonly scenario: string
  readonly seconds: number
  readonly options: BenchOptions
  /** Settings of the system that differ from their defaults. */
  readonly settings: Readonly<Record<string, string>>
  readonly machine: Machine
  /** Noise of the machine, measured before the run. The key is part of saved results. */
  readonly noise: MachineNoise
  readonly versions: Versions
  readonly commit: string
  /** ISO. */
  readonly date: string
  readonly command: string
}

/** The report of a run without servers. It has no verdict of the gate, because the run publishes nothing. */
export interface OfflineReport extends RunContext, Measured {}

/** The report of one run, as `--json` writes it. */
export interface Report extends OfflineReport, Omit<Verdict, 'faults'> {
  readonly durability: Durability
  readonly faults: readonly string[]
}

/** A chart in a file beside the report. */
export interface Picture {
  readonly title: string
  readonly file: string
}

/** The report as Markdown: the figures or, if the gate found faults, the faults. */
export function renderReport(report: OfflineReport | Report, pictures: readonly Picture[] = []): string {
  const { scenario, machine, versions } = report
  return [
    `## ${scenario}`,
    '',
    ...bodyOf(report, pictures),
    '',
    table(
      ['', ''],
      [
        [
          'machine',
          `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; load before the run ${machine.load}`,
        ],
        ['noise', machineNoiseText(report.noise)],
        [
          'versions',
          Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(', '),
        ],
        ...('durability' in report ? [['durability', durabilityText(report.durability)]] : []),
        [
          'settings',
          Object.entries(report.settings)
            .map(([name, value]) => `${name}=${value}`)
            .join(' ') || 'defaults',
        ],
        ['seed', String(report.options.seed)],
        ['commit', report.commit],
        ['date', report.date],
        ['command', `\`${report.command}\``],
      ],
    ),
  ].join('\n')
}

function bodyOf(report: OfflineReport | Report, pictures: readonly Picture[]): string[] {
  const { figures, spread = {}, notes } = report
  const body = [
    table(
      ['figure', 'value', 'quartiles'],
      Object.entries(figures).map(([name, value]) => [name, number(value), quartiles(spread[name])]),
    ),
    ...pictures.flatMap(({ title, file }) => ['', `![${title}](${file})`]),
    '',
  ]
  if (!('faults' in report)) return [...body, ...notes.map((note) => `- ${note}`)]
  const { acknowledged, lost, duplicated, outOfOrder, faults } = report
  const gate = `Gate: ${number(acknowledged)} acknowledged, ${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order.`
  if (isClean(report)) return [...body, gate, '', ...notes.map((note) => `- ${note}`)]
  return [gate, 'No figures: the gate found lost, duplicated or reordered inputs.', '', ...faults.map((fault) => `- ${fault}`)]
}

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  markdownTable(
    [head, ...rows].map((cells) => [...cells]),
    { alignDelimiters: false },
  )

export const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 })

/** First and third quartile, and the number of repeats. */
export const quartiles = (spread: Spread | undefined): string =>
  spread === undefined ? '' : `${number(spread.p25)} to ${number(spread.p75)} (${spread.repeats})`
