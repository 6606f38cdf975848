import { quantile } from '../harness/statistics.ts'
import { isGood, type ChaosReport } from './run-chaos.ts'

/** The report as lines for people. */
export function renderChaosReport(report: ChaosReport): string {
  const { options, seen, verdict, levelMs, folder, repeatedSends } = report
  const injected = Object.entries(seen.injected)
  const faults = injected.reduce((sum, [, count]) => sum + count, 0)
  const findings = Object.entries(verdict.counts)
  const again = `npm run chaos -- --minutes ${options.minutes} --seed ${options.seed} --rate ${options.rate} --actors ${options.actors} --workers ${options.workers}${options.cluster ? ' --cluster' : ''}${options.break === undefined ? '' : ` --break ${options.break}`}`
  return [
    `seed        ${options.seed}   (${again})`,
    `faults      ${faults}: ${injected.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}`,
    `messages    ${number(verdict.sent)} sent, ${number(verdict.acknowledged)} acknowledged, ${number(repeatedSends)} copies besides`,
    `records     ${number(verdict.records)} of ${number(verdict.actors)} actors, ${number(verdict.rejected)} rejections; tasks: ${listed(verdict.tasks)}`,
    `told again  OUT ${verdict.repeated.out}, DEAD ${verdict.repeated.dead} (allowed: at least once, under one id)`,
    `take-over   all partitions owned ${times(seen.takeOverMs)}; first record ${times(seen.firstRecordMs)}`,
    `hand-over   ${times(seen.handOverMs)}`,
    `catch-up    after NATS ${times(seen.catchUpMs.nats)}; after ClickHouse ${times(seen.catchUpMs.clickhouse)}`,
    `level       ${levelMs === undefined ? 'never' : `${seconds(levelMs)} after the last fault`}`,
    ...seen.troubles.map((trouble) => `trouble     ${trouble}`),
    ...(levelMs === undefined ? ['trouble     not everything was level: findings are also of what was still to be done'] : []),
    ...verdict.told.map((finding) => `finding     ${finding}`),
    findings.length === 0 ? 'findings    none' : `findings    ${listed(verdict.counts)}`,
    ...(folder === undefined ? [] : [`kept        ${folder}`]),
    options.break === undefined ? (isGood(report) ? 'good' : 'NOT GOOD') : `${options.break} was ${isGood(report) ? 'found' : 'NOT FOUND'}`,
  ].join('\n')
}

const listed = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).map(([name, count]) => `${name} ${number(count)}`).join(', ') || 'none'
const number = (value: number): string => value.toLocaleString('en')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`
const times = (values: readonly number[]): string =>
  (values.length === 0 ? 'not measured' : `p50 ${seconds(quantile(values, 0.5))}, max ${seconds(Math.max(...values))} (${values.length})`)
