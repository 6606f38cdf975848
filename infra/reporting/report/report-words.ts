import type { Answer, QuestionName } from '../questions/questions.ts'
import type { Format, Language } from './report-format.ts'

export type Answers = { readonly [Name in QuestionName]: Answer<Name> }
export type ColumnName = { [Name in QuestionName]: keyof Answer<Name>[number] & string }[QuestionName]
export type ColumnOf<Name extends QuestionName> = keyof Answer<Name>[number] & ColumnName

/** A question in the words of a language. */
interface QuestionWords<Name extends QuestionName> {
  readonly title: string
  /** The definition of the counts, for readers who do not know the tables. */
  readonly definition: string
  /** The answer in one sentence. Called only if there is data. */
  summary(rows: Answer<Name>, format: Format): string
}

/** All texts of a report in one language. */
export interface Words {
  readonly language: Language
  /** HTML's `lang` of the page. */
  readonly tag: string
  readonly title: string
  readonly tenant: string
  readonly kind: string
  readonly period: string
  /** The period that the report compares with. */
  readonly before: string
  /** Says how tables show the comparison. */
  readonly comparison: string
  /** Introduces the sentence of a question about the period before. */
  readonly beforeAnswer: string
  /** Text between the start and the end of the period. */
  readonly to: string
  readonly asOf: (seq: string, completeTo: string) => string
  readonly nothingProjected: string
  /** Warns that tables lack rows. */
  readonly repairing: (tables: string) => string
  readonly made: string
  readonly contents: string
  readonly noData: string
  readonly all: string
  readonly unknown: string
  readonly nobody: string
  readonly more: (count: string) => string
  readonly howCounted: string
  readonly times: (zone: string) => string
  /** Says that no answer includes imported history. */
  readonly noHistory: string
  /** Says which answers include the history that was imported with `--count`. */
  readonly historyCounts: string
  readonly columns: Readonly<Record<ColumnName, string>>
  /** Names of series that are not columns. */
  readonly series: { readonly escalated: string; readonly contained: string; readonly abandoned: string }
  /** Names for values of the tables, such as reasons. The report shows values without a name as they are. */
  readonly values: Readonly<Record<string, string>>
  readonly questions: { readonly [Name in QuestionName]: QuestionWords<Name> }
}

/** The row that sums up the others. */
export const totalOf = <Row extends { readonly total: boolean }>(rows: readonly Row[]): Row | undefined => rows.find((row) => row.total)

/** The other rows, in the order of the query: the largest first. */
export const partsOf = <Row extends { readonly total: boolean }>(rows: readonly Row[]): Row[] => rows.filter((row) => !row.total)

const TEXT_CHARS_MAX = 240

/** A text of a customer on one line, cut to 240 characters. */
export function clipped(text: string): string {
  const line = text
    .slice(0, 2 * TEXT_CHARS_MAX)
    .replace(/\s+/g, ' ')
    .trim()
  return text.length > 2 * TEXT_CHARS_MAX || line.length > TEXT_CHARS_MAX ? `${line.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : line
}

/** The name of a value of the tables. */
export function named({ values, unknown }: Pick<Words, 'values' | 'unknown'>, value: string | null | undefined): string {
  if (value === null || value === undefined) return unknown
  return Object.hasOwn(values, value) ? (values[value] ?? value) : clipped(value)
}
