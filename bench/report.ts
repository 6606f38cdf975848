import { isClean, type Verdict } from './gate/check.ts'
import type { Machine, Versions } from './machine.ts'
import type { BenchOptions, Measured } from './scenario.ts'

/** What was run, on what, and what repeats it. */
export interface Circumstances {
  readonly scenario: string
  readonly seconds: number
  readonly options: BenchOptions
  /** Settings of the system that differ from their defaults. */
  readonly settings: Readonly<Record<string, string>>
  readonly machine: Machine
  readonly versions: Versions
  readonly commit: string
  /** ISO. */
  readonly date: string
  readonly command: string
}

/** All that a run without servers says: nothing is published, so there is nothing for a gate. */
export interface OfflineReport extends Circumstances, Measured {}

/** All that one run says; what `--json` writes. */
export interface Report extends OfflineReport, Omit<Verdict, 'faults'> {
  readonly faults: readonly string[]
}

/** The report as Markdown. Without a clean gate there are no figures in it, only what was found. */
export function renderReport(report: Report): string {
  const { acknowledged, lost, duplicated, outOfOrder } = report
  const gate = `Gate: ${number(acknowledged)} acknowledged, ${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order.`
  return render(report, isClean(report) ? figuresAndNotes(report, [gate, '']) : failedRun(report, gate))
}

export const renderOfflineReport = (report: OfflineReport): string => render(report, figuresAndNotes(report, []))

function render(report: Circumstances, body: readonly string[]): string {
  const { scenario, machine, versions } = report
  return [
    `## ${scenario}`,
    '',
    ...body,
    '',
    ...table(['', ''], [
      ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; load before the run ${machine.load}`],
      ['versions', Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')],
      ['settings', Object.entries(report.settings).map(([name, value]) => `${name}=${value}`).join(' ') || 'defaults'],
      ['seed', String(report.options.seed)],
      ['commit', report.commit],
      ['date', report.date],
      ['again', `\`${report.command}\``],
    ]),
  ].join('\n')
}

const figuresAndNotes = ({ figures, notes }: Measured, between: readonly string[]): string[] => [
  ...table(['figure', 'value'], Object.entries(figures).map(([name, value]) => [name, number(value)])),
  '', ...between, ...notes.map((note) => `- ${note}`),
]

const failedRun = ({ faults }: Report, gate: string): string[] => [
  gate, 'No figures: something was lost, doubled or out of order.', '', ...faults.map((fault) => `- ${fault}`),
]

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 })
