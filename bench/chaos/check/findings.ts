/** What can be wrong, by the guarantee that it breaks. */
export const FINDINGS = {
  /** G1: acknowledged, and without a record. */
  lost: 'G1',
  /** G1: recorded again. */
  twice: 'G1',
  /** G1: committed or rejected otherwise than it had to be, or with other content than was sent. */
  wrong_outcome: 'G1',
  /** G1: a rejection that is not in DEAD, or is there otherwise. */
  dead_letter: 'G1',
  /** G1: a record says that its partition is resolved further than it was. */
  low_ahead: 'G1',
  /** G2. */
  out_of_order: 'G2',
  /** G3: a record that the kind's model does not give. */
  wrong_fold: 'G3',
  /** G4. */
  row_missing: 'G4',
  row_doubled: 'G4',
  row_wrong: 'G4',
  /** G5: an emitted or sent event that did not go out, or was not emitted, or went out of order. */
  event: 'G5',
  /** G5 to G7: an id of an event or a run that stands for two things. */
  id_reused: 'G5',
  /** G6: a task without an outcome, or with two. */
  task: 'G6',
  /** G7: a timer that was missed, fired twice, too early, or in a later visit. */
  timer: 'G7',
} as const

export type FindingKind = keyof typeof FINDINGS

export interface Findings {
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>
  /** The first of each kind, in words. */
  readonly told: readonly string[]
}

export type Find = (kind: FindingKind, what: string) => void

const TOLD_PER_KIND_MAX = 10

export function createFindings(): { readonly find: Find; all(): Findings } {
  const counts: Partial<Record<FindingKind, number>> = {}
  const told: string[] = []
  return {
    find(kind, what) {
      const count = (counts[kind] ?? 0) + 1
      counts[kind] = count
      if (count <= TOLD_PER_KIND_MAX) told.push(`${kind} (${FINDINGS[kind]}): ${what}`)
    },
    all: () => ({ counts, told }),
  }
}
