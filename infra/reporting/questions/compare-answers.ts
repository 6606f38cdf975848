import type { z } from 'zod'
import { dayOf, wallTimeOf } from '../calendar/time-zone.ts'
import { type Scope, UTC } from './ask-question.ts'
import { type Answer, ANSWERS, type QuestionName, ROW_NAMES } from './questions.ts'

export type Cell = string | number | boolean | null
export type Row = Readonly<Record<string, Cell>>

/** A row of an answer beside the same row of the period before. */
export interface ComparedRow {
  /** The row of this period. Where only the period before has one, its counts are 0 here. */
  readonly row: Row
  /** The row of the period before, without the names that both have; `null` where it is not known. */
  readonly previous: Row | null
  /** This period less the one before, for each figure; `null` where either is unknown. */
  readonly change: Readonly<Record<string, number | null>>
}

export interface AskedAnswer<Name extends QuestionName> {
  readonly scope: Scope
  readonly rows: Answer<Name>
}

/** Answers that lack rows also where there is something to count: beyond their limit, or after the time up to which tables are complete. */
const CUT_OFF: readonly QuestionName[] = ['knowledge-gaps', 'backlog', 'unanswered', 'label-funnel', 'rating-comments', 'trends']

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Pairs the rows of two periods by their names. A day or an hour is paired with the one at the same place of the other period. */
export function compareAnswers<Name extends QuestionName>(name: Name, now: AskedAnswer<Name>, before: AskedAnswer<Name>): ComparedRow[] {
  const current = placed(name, now)
  const previous = placed(name, before)
  const nothing = CUT_OFF.includes(name) ? null : nothingCounted(name)
  const nothingAt = (row: Row): Row | null => (nothing === null ? null : { ...nothing, ...sameDay(row, now.scope, before.scope) })
  const pairs = [...current].map(([key, row]) => pairOf(name, row, previous.get(key) ?? nothingAt(row)))
  if (nothing === null) return pairs
  const gone = [...previous].filter(([key]) => !current.has(key))
  const all = [...pairs, ...gone.map(([, row]) => pairOf(name, { ...row, ...nothing, ...sameDay(row, before.scope, now.scope) }, row))]
  // The sum of all days has no day, and stays first.
  const dayOfPair = ({ row: { day } }: ComparedRow): string => String(day ?? '')
  return 'day' in (gone[0]?.[1] ?? {}) ? all.toSorted((a, b) => dayOfPair(a).localeCompare(dayOfPair(b))) : all
}

/** The columns that say for both rows of a pair what they are about. */
export const sharedNames = (name: QuestionName, row: Row): string[] =>
  ['total', ...ROW_NAMES[name]].filter((column) => column in row && !isPlace(column, row[column]))

function pairOf(name: QuestionName, row: Row, before: Row | null): ComparedRow {
  const shared = sharedNames(name, row)
  return {
    row,
    previous: before === null ? null : Object.fromEntries(Object.entries(before).filter(([column]) => !shared.includes(column))),
    change: Object.fromEntries(figuresOf(name).map((column) => [column, difference(row[column], before?.[column])])),
  }
}

/** Rows by their names, with the place in the period for a day or an hour. */
function placed<Name extends QuestionName>(name: Name, { scope, rows }: AskedAnswer<Name>): Map<string, Row> {
  const byKey = new Map<string, Row>()
  for (const row of rows as readonly Row[]) {
    const key = ['total', ...ROW_NAMES[name]].map((column) =>
      isPlace(column, row[column]) ? placeOf(column, row[column], scope) : row[column],
    )
    // The hour that comes twice when clocks are put back has the same place twice.
    for (let copy = 0; ; copy++) {
      const text = JSON.stringify([...key, copy])
      if (byKey.has(text)) continue
      byKey.set(text, row)
      break
    }
  }
  return byKey
}

/** A day of the calendar or an hour of one. Another period does not have it. */
const isPlace = (column: string, value: Cell | undefined): value is string =>
  (column === 'day' || column === 'hour') && typeof value === 'string'

/** Days or hours, by the clocks of the zone, since the start of the period. */
function placeOf(column: string, value: string, { from, tz = UTC }: Scope): number {
  if (column === 'day') return Date.parse(value) / DAY_MS - dayOf(from, tz)
  return Math.floor(wallTimeOf(new Date(value), tz) / HOUR_MS) - Math.floor(wallTimeOf(from, tz) / HOUR_MS)
}

/** The day of the period at the place that the day of a row has in another one. */
function sameDay({ day = null }: Row, other: Scope, scope: Scope): Row {
  if (!isPlace('day', day)) return {}
  const moved = placeOf('day', day, other) + dayOf(scope.from, scope.tz ?? UTC)
  return { day: new Date(moved * DAY_MS).toISOString().slice(0, 10) }
}

const columnsOf = (name: QuestionName): [string, z.ZodType][] => {
  const names: readonly string[] = ['total', ...ROW_NAMES[name]]
  return Object.entries<z.ZodType>(ANSWERS[name].shape).filter(([column]) => !names.includes(column))
}

const figuresOf = (name: QuestionName): string[] =>
  columnsOf(name).flatMap(([column, schema]) => (schema.safeParse(1).success && !schema.safeParse('text').success ? [column] : []))

/** A row of a part that has nothing to count: counts are 0, as `z.coerce` makes of `null`, and all else is unknown. */
const nothingCounted = (name: QuestionName): Row =>
  Object.fromEntries(columnsOf(name).map(([column, schema]) => [column, schema.safeParse(null).data === 0 ? 0 : null]))

/** Digits of a difference; the last ones of a float are noise. */
const DIGITS = 12

const difference = (value: Cell | undefined, other: Cell | undefined): number | null =>
  typeof value === 'number' && typeof other === 'number' ? Number((value - other).toPrecision(DIGITS)) : null
