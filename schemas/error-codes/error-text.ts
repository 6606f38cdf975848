/** What docs/errors.md says about one code. Each text is whole sentences in Markdown; `where` is a phrase. */
export interface ErrorText {
  /** What happened. */
  readonly meaning: string
  /** Why it happens. */
  readonly cause: string
  /** What the reader does: it names the setting, the command or the field. */
  readonly remedy: string
  /** Where a reader meets it: a command, a field of a record, an answer. */
  readonly where: string
  /** Status of the HTTP answer that carries the code, where one does. */
  readonly http?: number
}

export type ErrorTexts = Readonly<Record<string, ErrorText>>
