/** The entry of one code in docs/errors.md. Each text consists of whole sentences in Markdown; `where` is a phrase. */
export interface ErrorText {
  /** The event that the code reports. */
  readonly meaning: string
  /** Why it happens. */
  readonly cause: string
  /** The action for the reader: it names the setting, the command or the field. */
  readonly remedy: string
  /** Where a reader meets it: a command, a field of a record, an answer. */
  readonly where: string
  /** Status of the HTTP response that carries the code, if there is one. */
  readonly http?: number
}

export type ErrorTexts = Readonly<Record<string, ErrorText>>
