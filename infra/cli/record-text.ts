import type { BadRecord } from '../../pipeline/jetstream/log-message.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { onOneLine, type Paint, printable } from '../app/terminal-output.ts'

/** A record with its LOG sequence and actor. */
export interface Entry {
  readonly seq: number
  readonly address: Address
  readonly record: PublicRecord
}

/** A record as `--json` prints it. */
export const entryJson = ({ seq, address: { tenant, kind, id }, record }: Entry): object => ({ seq, tenant, kind, id, ...record })

const DAY_MS = 86_400_000

/** A time of day, UTC; with its date if it is more than a day away. */
export const clockText = (iso: string, nowMs = Date.now()): string =>
  Math.abs(Date.parse(iso) - nowMs) > DAY_MS ? iso.slice(0, 23).replace('T', ' ') : iso.slice(11, 23)

/** A record as one line: sequence, time, actor, states, input, outcome. */
export function entryLine({ seq, address, record }: Entry, paint: Paint): string {
  return [
    paint('gray', String(seq).padStart(7)),
    paint('gray', clockText(record.at)),
    paint('cyan', actorKey(address)),
    statesText(record),
    paint('bold', printable(record.input.type)),
    ...outcomeTexts(record, paint),
  ].join('  ')
}

/** A message of LOG that is no record, as one line. */
export const badRecordLine = ({ seq, bad: { at, subject, why } }: BadRecord, paint: Paint): string =>
  [
    paint('gray', String(seq).padStart(7)),
    paint('gray', clockText(at)),
    paint('cyan', printable(subject)),
    paint('red', `no record: ${why}`),
  ].join('  ')

export const statesText = ({ from, to }: PublicRecord): string => (from === to ? to || '·' : `${from || '·'} → ${to || '·'}`)

/** XState's name of an `after` event, without the prefix that XState adds. */
export const timerName = (event: string): string => event.replace(/^xstate\.after\./, 'after ')

/** A time of day; with the date if it is on another day than the record. */
const timeText = (at: string, recordAt: string): string => {
  const [day, time] = [at.slice(0, 10), at.slice(11, 19)]
  return recordAt.startsWith(day) ? time : `${day} ${time}`
}

/** The results of an input: a rejection, events, tasks and timers. Empty if it had none. */
export function outcomeTexts(record: PublicRecord, paint: Paint): string[] {
  const list = (mark: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${mark} ${names.map(printable).join(', ')}`]
  const timers = record.timers.map(({ event, at }) => `${timerName(event)} for ${timeText(at, record.at)}`)
  return [
    ...(record.reason === undefined ? [] : [paint('red', `rejected: ${record.reason} (${onOneLine(record.error ?? '')})`)]),
    ...(record.input.history === true ? [paint('gray', 'history')] : []),
    ...list(
      'emits',
      record.emitted.map(({ type }) => type),
    ).map((text) => paint('green', text)),
    ...list(
      'sends',
      (record.sent ?? []).map(({ kind, actor, type }) => `${type} to ${kind}/${actor}`),
    ).map((text) => paint('green', text)),
    ...list(
      'starts',
      record.started.map(({ task }) => task),
    ).map((text) => paint('yellow', text)),
    ...list('sets', timers).map((text) => paint('gray', text)),
    ...list(
      'ends',
      record.ended.map(({ task, status }) => `${task} ${status}`),
    ),
  ]
}
