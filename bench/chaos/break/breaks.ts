import type { FindingKind } from '../check/findings.ts'

/** A change of the product's source that breaks a guarantee. */
export interface Break {
  /** From the project's root. */
  readonly file: string
  /** Stands there as often as it is said here, so that a change of the source cannot make the break do nothing. */
  readonly find: string
  readonly times: number
  readonly replace: string
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
  'no-expectation': {
    file: 'pipeline/host/handle.ts', times: 1,
    find: '{ expectLastSubjectSequence: live.lastSeq }', replace: '{}',
    findings: ['twice', 'out_of_order', 'wrong_fold'], minutes: 0.5,
  },
  'low-ahead': {
    file: 'pipeline/host/host.ts', times: 1,
    find: 'trackers.get(partition)?.low ?? 0,', replace: '(trackers.get(partition)?.low ?? 0) + 3,',
    findings: ['low_ahead', 'lost'], minutes: 0.2,
  },
  'repeats-taken': {
    file: 'actors/repeats.ts', times: 1,
    find: "if (isRemembered(input.id) && holds(seen.ids, shortHash(input.id))) return 'id'", replace: '',
    findings: ['twice'], minutes: 0.2,
  },
  'checkpoint-first': {
    file: 'pipeline/dispatch/dispatcher.ts', times: 1,
    find: '(tracker.unfinished === 0 ? reader.position.seq : tracker.low)', replace: 'reader.position.seq + reader.pending * 0',
    findings: ['event', 'dead_letter', 'task', 'timer'], minutes: 0.5,
  },
  'task-acknowledged-first': {
    file: 'pipeline/tasks/runner.ts', times: 1,
    find: 'const outcome = await runTask(', replace: 'message.ack()\n      const outcome = await runTask(',
    findings: ['task'], minutes: 1,
  },
  'alarm-later': {
    file: 'pipeline/alarms.ts', times: 1,
    find: "present.at === '' || present.at > at", replace: "present.at === '' || present.at !== at",
    findings: ['timer', 'task'], minutes: 0.5,
  },
  'row-twice': {
    file: 'pipeline/project/batch.ts', times: 1,
    find: 'for (const row of rows) block.append(row)',
    replace: "for (const row of rows) { block.append(row); if ('idx' in row) block.append({ ...row, idx: Number(row['idx']) + 500 }) }",
    findings: ['row_wrong', 'row_doubled'], minutes: 0.2,
  },
} as const satisfies Readonly<Record<string, Break>>

export type BreakName = keyof typeof BREAKS

/** @throws where the source is no longer what the break was made for */
export function broken(source: string, { file, find, times, replace }: Break): string {
  const parts = source.split(find)
  if (parts.length !== times + 1) throw new Error(`${file} has "${find}" ${parts.length - 1} times, and not ${times}: the break must be made anew`)
  return parts.join(replace)
}
