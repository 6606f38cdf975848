import { childDoneType, isChildMessage } from '../../schemas/child-messages.ts'
import type { Input } from '../../schemas/envelope.ts'
import type { ExitedInterval, State } from '../../schemas/record.ts'
import type { Actor } from './actor.ts'

/** The fields `since` and `left` of a record. */
export interface StateIntervals {
  readonly since: Readonly<Record<string, number>>
  readonly left: ExitedInterval[] | undefined
}

/**
 * The leaf states that a record exits (`left`), and for each leaf active after it the LOG sequence of the record that entered it (`since`).
 * A leaf that is re-entered from itself counts as not exited.
 *
 * @param lastSeq LOG sequence of the actor's last record; undefined where unknown.
 */
export function nextStateIntervals(actor: Actor, state: State | null, lastSeq: number | undefined, cause: string): StateIntervals {
  const before = actor.state?.entered ?? {}
  const after = state?.entered ?? {}
  const since: Record<string, number> = {}
  for (const leaf of Object.keys(after)) {
    const seq = Object.hasOwn(before, leaf) ? enteredSeqOf(actor, leaf, lastSeq) : 0
    if (seq !== undefined) since[leaf] = seq
  }
  const exited = Object.entries(before)
    .filter(([leaf]) => !Object.hasOwn(after, leaf))
    .map(([leaf, enteredAt]): ExitedInterval => ({
      state: leaf,
      cause,
      case: actor.case?.no ?? 1,
      enteredAt,
      enteredSeq: enteredSeqOf(actor, leaf, lastSeq),
    }))
  return { since, left: exited.length === 0 ? undefined : exited }
}

function enteredSeqOf({ enteredAtSeq }: Actor, leaf: string, lastSeq: number | undefined): number | undefined {
  const seq = enteredAtSeq[leaf]
  return seq === 0 ? lastSeq : seq
}

/** The cause of a transition, as the column `cause` of `state_intervals` names it. */
export function causeOf({ state }: Actor, input: Input, isInternal: boolean): string {
  const run = isInternal ? String(input.data?.['run']) : ''
  const timer = isInternal ? state?.timers[run] : undefined
  if (timer !== undefined) return `timer:${timerName(timer.event.type)}`
  const child = isChildMessage(input.type) ? state?.children?.[String(input.data?.['run'])] : undefined
  if (child !== undefined) return `child:${child.child}:${input.type === childDoneType(child.child) ? 'done' : 'error'}`
  const task = isInternal ? state?.tasks[run] : undefined
  return task === undefined ? input.type : `task:${task.task}:${input.type === 'task.done' ? 'done' : 'error'}`
}

const AFTER = 'xstate.after.'

/** For an `after`: its delay, by name or in milliseconds. For a delayed raise: the type of its event. */
const timerName = (type: string): string => (type.startsWith(AFTER) ? (type.slice(AFTER.length).split('.', 1)[0] ?? '') : type)
