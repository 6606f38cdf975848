import type { FindingKind } from '../check/findings.ts'

/** A change of one file of the product's source. */
export interface Change {
  /** From the project's root. */
  readonly file: string
  /** Stands there once, so that a change of the source cannot make the break do nothing. */
  readonly find: string
  readonly replace: string
}

/** How a guarantee is broken. */
export interface Break {
  /** All of them together: where one thing makes up for another, neither alone would show. */
  readonly changes: readonly Change[]
  /** One of these has to be found. */
  readonly findings: readonly FindingKind[]
  /** Least minutes of a run in which it shows. */
  readonly minutes: number
}

/**
 * How each guarantee can be broken. Workers of a chaos run load the changed source (hook.ts); the product has no switch for it. The checker is
 * right only if it finds each of them.
 */
export const BREAKS = {
  // A worker that wakes up goes on as if nothing had happened.
  'no-expectation': {
    changes: [
      { file: 'pipeline/host/message-handler.ts', find: '{ expectLastSubjectSequence: live.lastSeq }', replace: '{}' },
      { file: 'pipeline/cluster/assignment.ts', find: 'held.has(partition) && membership.isCurrent(),', replace: 'held.has(partition),' },
    ],
    findings: ['twice', 'out_of_order', 'wrong_fold'], minutes: 1,
  },
  'low-ahead': {
    changes: [{ file: 'pipeline/host/host.ts', find: 'watermarks.get(partition)?.low ?? 0,', replace: '(watermarks.get(partition)?.low ?? 0) + 3,' }],
    findings: ['low_ahead', 'lost'], minutes: 0.2,
  },
  'repeats-taken': {
    changes: [{ file: 'actors/core/deduplication.ts', find: "if (isRemembered(input.id) && holds(seen.ids, shortHash(input.id))) return 'id'", replace: '' }],
    findings: ['twice'], minutes: 0.2,
  },
  // Effects take a while, as they do where NATS is slow.
  'checkpoint-first': {
    changes: [
      { file: 'pipeline/dispatcher/dispatcher.ts', find: 'candidates.findLast((position) => position.seq <= watermark.low)', replace: 'candidates.at(-1)' },
      {
        file: 'pipeline/dispatcher/dispatcher.ts', find: 'const begun = performance.now()\n    const deadLetters',
        replace: 'const begun = performance.now()\n    await new Promise((resume) => setTimeout(resume, 500))\n    const deadLetters',
      },
    ],
    findings: ['event', 'dead_letter', 'task', 'timer'], minutes: 1,
  },
  'task-acknowledged-first': {
    changes: [{ file: 'pipeline/task-runner/task-runner.ts', find: 'const outcome = await runTask(', replace: 'message.ack()\n      const outcome = await runTask(' }],
    findings: ['task'], minutes: 1,
  },
  // An alarm that has gone off counts as one that is still to come.
  'alarm-believed': {
    changes: [{ file: 'pipeline/timers/wake-ups.ts', find: ' && Date.parse(present.at) - Date.parse(since) > SKEW_MS_MAX', replace: '' }],
    findings: ['timer', 'task'], minutes: 0.5,
  },
  'row-twice': {
    changes: [{
      file: 'pipeline/projector/row-batch.ts', find: 'for (const row of rows) block.append(row)',
      replace: "for (const row of rows) { block.append(row); if ('idx' in row) block.append({ ...row, idx: Number(row['idx']) + 500 }) }",
    }],
    findings: ['row_wrong', 'row_doubled'], minutes: 0.2,
  },
} as const satisfies Readonly<Record<string, Break>>

export type BreakName = keyof typeof BREAKS

/** @throws where the source is no longer what the break was made for */
export function broken(source: string, { file, find, replace }: Change): string {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`${file} has "${find}" ${parts.length - 1} times, and not once: the break must be made anew`)
  return parts.join(replace)
}
