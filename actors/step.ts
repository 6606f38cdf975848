import type { AnyEventObject, AnyMachineSnapshot, ExecutableActionObject } from 'xstate'
import { ColloquyError, messageOf } from '../schemas/errors.ts'
import { jsonProblem } from '../schemas/json.ts'
import type { LogRecord, TaskEnd } from '../schemas/record.ts'
import type { Actor } from './actor.ts'
import type { Outcomes, Turn } from './draft.ts'
import { collectEffects, type Effects } from './effects.ts'
import { machineName, type Kind } from './kind.ts'
import type { Taken } from './pure-machine.ts'
import { describeSnapshot, hasSettledChildren, restoreSnapshot, statePath } from './snapshot.ts'

/** The pending run, if any, that the message is about: it is settled before the machine is told. */
export interface Settled {
  readonly run: string
  /** How it ended, where the run is a task's. */
  readonly ended?: TaskEnd
}

/**
 * Lets the machine take the event, and reads off what it did.
 *
 * @throws whatever the machine throws, and ColloquyError where it asks for what cannot be kept or carried out.
 */
export function step(turn: Turn, kind: Kind, event: AnyEventObject, settled: Settled | undefined): Outcomes {
  const { actor, message, at } = turn
  const actions: ExecutableActionObject[] = []
  const taken = ([snapshot, toDo]: Taken): AnyMachineSnapshot => {
    actions.push(...toDo)
    return snapshot
  }
  const before = actor.snapshot ?? restored(kind, actor) ?? taken(kind.pure.initial(actor.address))
  const snapshot = before.status === 'active' ? taken(kind.pure.next(before, event)) : before

  const base = `${message.seq.toString(36)}-${Date.parse(message.ts).toString(36)}`
  const effects = collectEffects(kind, actions, stillPending(actor, settled), base, at)
  const left = leftBehind(snapshot, effects)
  const { tasks, timers } = left === undefined ? effects.pending : { tasks: {}, timers: {} }
  const state = describeSnapshot(kind, snapshot, tasks, timers, actor.state, at)
  const label = kind.label(snapshot.context)
  const problem = jsonProblem(state.context) ?? jsonProblem(label)
  if (problem !== undefined) throw new ColloquyError('bad_context', `context or label of kind "${kind.name}": ${problem}`)

  const ended = settled?.ended === undefined ? [] : [settled.ended]
  return {
    to: statePath(state), state, status: statusOf(snapshot), label,
    emitted: [...effects.emitted], started: [...effects.started], timers: [...effects.timers],
    // A run whose deadline passed may still be at work: it is told to stop like one that the machine no longer wants.
    stopped: [...ended.filter((end) => end.status === 'expired').map((end) => end.run), ...effects.stopped, ...(left?.runs ?? [])],
    ended: [...ended, ...effects.ended, ...(left?.ended ?? [])],
    snapshot: hasSettledChildren(snapshot, tasks) ? undefined : snapshot,
    ...(snapshot.status === 'error' ? { error: messageOf(snapshot.error) } : {}),
  }
}

function restored(kind: Kind, actor: Actor): AnyMachineSnapshot | undefined {
  if (actor.state === null) return undefined
  const version = Number(actor.machine.slice(actor.machine.lastIndexOf('@') + 1))
  if (version > kind.version) {
    throw new ColloquyError('newer_machine', `the record was made by ${actor.machine}, this is ${machineName(kind)}: upgrade this host`)
  }
  return restoreSnapshot(kind, actor.state, actor.status)
}

function stillPending(actor: Actor, settled: Settled | undefined) {
  const tasks = { ...actor.state?.tasks }
  const timers = { ...actor.state?.timers }
  if (settled !== undefined) {
    delete tasks[settled.run]
    delete timers[settled.run]
  }
  return { tasks, timers }
}

/** A machine that has ended wants nothing more: whatever it left pending is stopped. */
function leftBehind(snapshot: AnyMachineSnapshot, { pending }: Effects): { runs: string[]; ended: TaskEnd[] } | undefined {
  if (snapshot.status === 'active') return undefined
  return {
    runs: [...Object.keys(pending.tasks), ...Object.keys(pending.timers)],
    ended: Object.entries(pending.tasks).map(([run, { task, startedAt }]) => ({ run, task, status: 'stopped', startedAt })),
  }
}

const statusOf = (snapshot: AnyMachineSnapshot): LogRecord['status'] =>
  snapshot.status === 'done' || snapshot.status === 'error' ? snapshot.status : 'active'
