/** The kinds of findings, with the guarantee that each one breaks. */
export const FINDINGS = {
  /** G1: an acknowledged input without a record. */
  lost: 'G1',
  /** G1: an input with two records. */
  twice: 'G1',
  /** G1: an input with the wrong outcome, or a record whose content differs from the sent message. */
  wrong_outcome: 'G1',
  /** G1: a rejection that DEAD lacks or has with other content. */
  dead_letter: 'G1',
  /** G1: a record whose `low` is higher than the last position up to which its partition has resolved all inputs. */
  low_ahead: 'G1',
  /** G2: records of an actor in the wrong order. */
  out_of_order: 'G2',
  /** G3: a record that differs from the model. */
  wrong_fold: 'G3',
  /** G4: rows that differ from LOG. */
  row_missing: 'G4',
  row_doubled: 'G4',
  row_wrong: 'G4',
  /** G5: an emitted or sent event that is missing, out of order, or was never emitted. */
  event: 'G5',
  /** G5 to G7: two events or runs with the same id. */
  id_reused: 'G5',
  /** G6: a task without outcome, or with two. */
  task: 'G6',
  /** G9: a message in LOG that is no record, and that no fault has put there. */
  foreign: 'G9',
  /** G10: a text that the search index lacks, or has without a record. */
  index: 'G10',
  /** G7: a timer that did not fire, or fired twice, too early, or after its state was left. */
  timer: 'G7',
  /** What users of the applications count: questions without one reply, */
  reply: 'applications',
  /** reminders and scheduled inputs that are missing or doubled, */
  due: 'applications',
  /** lists with items that are not to be on them, or questions without one list, */
  list: 'applications',
  /** likes, comments, shares and posts that do not sum up, */
  sum: 'applications',
  /** documents that do not have the last data and template, */
  document: 'applications',
  /** counts of a strategy that are not its choices and rewards, */
  reward: 'applications',
  /** alerts that are not the crossings of their series, */
  alert: 'applications',
  /** and escalations that have neither one owner nor one overdue event, or two. */
  owner: 'applications',
} as const

export type FindingKind = keyof typeof FINDINGS

export interface Findings {
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>
  /** Descriptions of the first findings of each kind. */
  readonly examples: readonly string[]
}

export type ReportFinding = (kind: FindingKind, description: string) => void

const EXAMPLES_PER_KIND_MAX = 10

export function createFindings(): { readonly report: ReportFinding; all(): Findings } {
  const counts: Partial<Record<FindingKind, number>> = {}
  const examples: string[] = []
  return {
    report(kind, description) {
      const count = (counts[kind] ?? 0) + 1
      counts[kind] = count
      if (count <= EXAMPLES_PER_KIND_MAX) examples.push(`${kind} (${FINDINGS[kind]}): ${description}`)
    },
    all: () => ({ counts, examples }),
  }
}
