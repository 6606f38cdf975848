import { quantile } from '../harness/statistics.ts'
import { type ChaosReport, isGood } from './run-chaos.ts'

/** The report as text. */
export function renderChaosReport(report: ChaosReport): string {
  const { options, observed, verdict, caughtUpMs, folder, repeatedSends } = report
  const injected = Object.entries(observed.injected)
  const faults = injected.reduce((sum, [, count]) => sum + count, 0)
  const findings = Object.entries(verdict.counts)
  const command =
    `npm run chaos -- --minutes ${options.minutes} --seed ${options.seed} --rate ${options.rate} --actors ${options.actors} `
    + `--workers ${options.workers} --applications ${options.applications}`
    + `${options.cluster ? ' --cluster' : ''}${options.break === undefined ? '' : ` --break ${options.break}`}`
  return [
    `seed        ${options.seed}   (${command})`,
    `faults      ${faults}: ${injected.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}`,
    `messages    ${number(verdict.sent)} sent, ${number(verdict.acknowledged)} acknowledged, ${number(repeatedSends)} resent copies`,
    `records     ${number(verdict.records)} of ${number(verdict.actors)} actors, ${number(verdict.rejected)} rejections, `
      + `${number(verdict.unreadable)} set aside; tasks: ${listed(verdict.tasks)}`,
    `duplicates  OUT ${verdict.repeated.out}, DEAD ${verdict.repeated.dead} (allowed: at least once, with the same id)`,
    `take-over   all partitions owned ${times(observed.takeOverMs)}; first record ${times(observed.firstRecordMs)}`,
    `hand-over   ${times(observed.handOverMs)}`,
    `catch-up    after NATS ${times(observed.catchUpMs.nats)}; after ClickHouse ${times(observed.catchUpMs.clickhouse)}`,
    `caught up   ${caughtUpMs === undefined ? 'never' : `${seconds(caughtUpMs)} after the last fault`}`,
    ...observed.problems.map((problem) => `problem     ${problem}`),
    ...(caughtUpMs === undefined ? ['problem     not all stages caught up: some findings may be work that was still pending'] : []),
    ...verdict.examples.map((finding) => `finding     ${finding}`),
    findings.length === 0 ? 'findings    none' : `findings    ${listed(verdict.counts)}`,
    ...(folder === undefined ? [] : [`kept        ${folder}`]),
    outcomeOf(report),
  ].join('\n')
}

const outcomeOf = (report: ChaosReport): string => {
  const name = report.options.break
  if (name === undefined) return isGood(report) ? 'passed' : 'FAILED'
  return `${name} was ${isGood(report) ? 'noticed' : 'NOT NOTICED'}`
}
const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ') || 'none'
const number = (value: number): string => value.toLocaleString('en')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
const times = (values: readonly number[]): string =>
  values.length === 0 ? 'not measured' : `p50 ${seconds(quantile(values, 0.5))}, max ${seconds(Math.max(...values))} (${values.length})`
