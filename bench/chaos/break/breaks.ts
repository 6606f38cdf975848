import type { FindingKind } from '../check/findings.ts'

/** A text replacement in one source file of the product. */
export interface Change {
  /** Path from the project's root. */
  readonly file: string
  /** Text that must occur exactly once, so that no change of the source can disable the break unnoticed. */
  readonly find: string
  readonly replace: string
}

/** A way to break a guarantee. */
export interface Break {
  /** The changes apply together, because one safeguard may compensate for the loss of another. */
  readonly changes: readonly Change[]
  /** The checker must report at least one of these. */
  readonly findings: readonly FindingKind[]
  /** Minimum minutes of a run in which the break has an effect. */
  readonly minutes: number
}

/**
 * A break for each guarantee. The workers of a chaos run load the changed source (break-hook.ts); the product itself has no switch for it.
 * The checker is only trustworthy if it notices every break.
 */
export const BREAKS = {
  // Break: a worker that resumes after a pause continues with the partitions that it has lost.
  'no-expectation': {
    changes: [
      { file: 'pipeline/host/message-handler.ts', find: '{ expectLastSubjectSequence: cached.expectedSeq }', replace: '{}' },
      { file: 'pipeline/cluster/assignment.ts', find: 'held.has(partition) && membership.isCurrent(),', replace: 'held.has(partition),' },
    ],
    findings: ['twice', 'out_of_order', 'wrong_fold'],
    minutes: 1,
  },
  'low-ahead': {
    changes: [
      {
        file: 'pipeline/host/host.ts',
        find: 'watermarks.get(partition)?.low ?? 0,',
        replace: '(watermarks.get(partition)?.low ?? 0) + 3,',
      },
    ],
    findings: ['low_ahead', 'lost'],
    minutes: 0.2,
  },
  'repeats-taken': {
    changes: [
      {
        file: 'actors/core/deduplication.ts',
        find: "if (isProducerId(input.id) && remembersInput(state.ids, input)) return 'id'",
        replace: '',
      },
    ],
    findings: ['twice'],
    minutes: 0.2,
  },
  // A delay before the effects simulates a slow NATS.
  'checkpoint-first': {
    changes: [
      {
        file: 'pipeline/dispatcher/dispatcher.ts',
        find: 'candidates.findLast((position) => position.seq <= watermark.low)',
        replace: 'candidates.at(-1)',
      },
      {
        file: 'pipeline/dispatcher/dispatcher.ts',
        find: 'const startedMs = performance.now()\n    const deadLetters',
        replace: 'const startedMs = performance.now()\n    await new Promise((resume) => setTimeout(resume, 500))\n    const deadLetters',
      },
    ],
    findings: ['event', 'dead_letter', 'task', 'timer'],
    minutes: 1,
  },
  // Break: what the host did not hand over stays undone: records of a killed or paused worker.
  'hand-over-only': {
    changes: [{ file: 'pipeline/dispatcher/dispatcher.ts', find: 'return found && parse(found)', replace: 'return undefined' }],
    findings: ['event', 'dead_letter', 'task', 'timer'],
    minutes: 1,
  },
  // Break: a record that was handed over does not wait for those before it, which a slow NATS holds up.
  'hand-over-early': {
    changes: [
      {
        file: 'pipeline/dispatcher/dispatcher.ts',
        find: 'if (after > Math.max(lastTaken?.seq ?? 0, starts.get(partition) ?? 0) && !handed.has(after)) return false',
        replace: '',
      },
    ],
    findings: ['event'],
    minutes: 1,
  },
  'task-acknowledged-first': {
    changes: [
      {
        file: 'pipeline/task-runner/task-runner.ts',
        find: 'const outcome = await runKindCode(',
        replace: 'message.ack()\n      const outcome = await runKindCode(',
      },
    ],
    findings: ['task'],
    minutes: 1,
  },
  // Break: a wake-up in the past counts as one that will still fire.
  'alarm-believed': {
    changes: [{ file: 'pipeline/timers/wake-ups.ts', find: ' && Date.parse(present.at) - Date.parse(since) > SKEW_MS_MAX', replace: '' }],
    findings: ['timer', 'task'],
    minutes: 0.5,
  },
  'row-twice': {
    changes: [
      {
        file: 'pipeline/projector/row-batch.ts',
        find: 'for (const row of rows) block.append(row)',
        replace: "for (const row of rows) { block.append(row); if ('idx' in row) block.append({ ...row, idx: Number(row['idx']) + 500 }) }",
      },
    ],
    findings: ['row_wrong', 'row_doubled'],
    minutes: 0.2,
  },
} as const satisfies Readonly<Record<string, Break>>

export type BreakName = keyof typeof BREAKS

/** @throws if the source no longer has the text exactly once */
export function broken(source: string, { file, find, replace }: Change): string {
  const parts = source.split(find)
  if (parts.length !== 2) {
    throw new Error(`${file} contains "${find}" ${parts.length - 1} times instead of once: adapt the break to the source`)
  }
  return parts.join(replace)
}
