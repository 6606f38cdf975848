import { AssertionError } from 'node:assert'
import { isChildMessage } from '../../schemas/child-messages.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { differenceLines, valueText } from '../core/value-differences.ts'
import type { World } from './simulated-world.ts'
import type { Complaint } from './watched-machine.ts'

export interface FailureOptions {
  readonly expected?: unknown
  readonly actual?: unknown
  /** The function of the test kit that the test called. The stack trace begins at its caller. */
  readonly calledBy: (...args: never[]) => unknown
}

/** The error of a failed test: what is wrong, and the history that led there. */
export function failure(world: World, what: string, { expected, actual, calledBy }: FailureOptions): AssertionError {
  const lines = narrativeOf(world)
  const message = lines.length === 0 ? what : `${what}\n\nWhat happened:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
  return new AssertionError({ message, expected, actual, operator: 'then', stackStartFn: calledBy })
}

/** A complaint as text, with a line for each difference. */
export const complaintText = ({ code, message, differences }: Complaint): string =>
  [`${code}: ${message}`, ...differenceLines(differences).map((line) => `  ${line}`)].join('\n')

/** Lines of a history that are shown; earlier ones are cut. */
const RECORDS_MAX = 30

/** The history so far, one line per record, with the time since the first. */
export function narrativeOf({ steps, nowMs }: World): string[] {
  const first = steps.flatMap(({ records }) => records)[0]
  const startMs = first === undefined ? nowMs : Date.parse(first.at)
  const lines = steps.flatMap(({ what, records }) => [what, ...records.map((record) => recordLine(record, startMs))])
  const cut = lines.length - RECORDS_MAX
  return cut > 0 ? [`… ${cut} lines before …`, ...lines.slice(cut)] : lines
}

function recordLine(record: LogRecord, startMs: number): string {
  const since = `+${((Date.parse(record.at) - startMs) / 1_000).toLocaleString('en', { maximumFractionDigits: 3, useGrouping: false })}s`
  const move = record.from === record.to ? record.to || '·' : `${record.from || '·'} → ${record.to}`
  return `  ${since.padEnd(8)} ${inputText(record)}  ${[move, ...effectTexts(record)].join('; ')}`
}

function inputText({ input }: LogRecord): string {
  const result = input.data?.['output'] ?? input.data?.['error']
  return isTaskResult(input.type) && result !== undefined ? `${input.type} ${valueText(result)}` : input.type
}

const isTaskResult = (type: string): boolean => type === 'task.done' || type === 'task.failed' || isChildMessage(type)

function effectTexts(record: LogRecord): string[] {
  const named = (verb: string, names: readonly string[]): string[] => (names.length === 0 ? [] : [`${verb} ${names.join(', ')}`])
  return [
    ...(record.reason === undefined ? [] : [`REJECTED as ${record.reason}: ${record.error ?? ''}`]),
    ...(record.reason === undefined && record.error !== undefined ? [`ERROR: ${record.error}`] : []),
    ...named(
      'emits',
      record.emitted.map(({ type, data }) => `${type} ${valueText(data)}`),
    ),
    ...named(
      'sends',
      (record.sent ?? []).map(({ kind, actor, type, data }) => `${type} to ${kind}/${actor} ${valueText(data)}`),
    ),
    ...named(
      'starts',
      record.started.map(({ task, input }) => `${task} ${valueText(input)}`),
    ),
    ...named(
      'sets',
      record.timers.map(({ event, at }) => `${event} for ${at}`),
    ),
    ...named(
      'ends',
      record.ended.map(({ task, status }) => `${task} ${status}`),
    ),
    ...(record.status === 'active' || record.status === 'none' ? [] : [`status ${record.status}`]),
  ]
}
