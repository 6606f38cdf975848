import type { RecipientsWhere } from '../../schemas/recipients.ts'

/** An input for many actors of a kind. */
export interface FanOut {
  /** Name of the kind of the recipients, which have the tenant of the sender. */
  readonly kind: string
  /** Type of the input. */
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly where: RecipientsWhere
  /** The task fails before anything is sent where there are more. */
  readonly recipientsMax: number
}

/** What the task of `toMany` gets. */
export interface TaskFanOut {
  /**
   * Sends an input to each actor of a kind that a condition selects, and goes on where an earlier attempt stood. It tells the progress of
   * the run: `{done, total, after}`. Call it once in a run.
   *
   * @returns the number of recipients
   * @throws TerminalError `no_such_recipients`, `too_many_recipients`, `bad_task_input`
   * @throws ColloquyError `tables_unavailable`; a later attempt may find them
   */
  fanOut(what: FanOut): Promise<number>
}
