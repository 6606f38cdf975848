import { type ActionFunction, assign, type DoneActorEvent, type ErrorActorEvent, type EventObject, type PromiseActorLogic } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import type { TaskError } from '../../schemas/internal-messages.ts'

/** The `xstate` of `defineKind`: the types and the tasks of a kind. */
export interface KindSetup {
  readonly types: { readonly context: object; readonly events: EventObject }
  readonly actors: object
}

type TaskName<Setup extends KindSetup> = keyof Setup['actors'] & string
type ContextOf<Setup extends KindSetup> = Setup['types']['context']
type InputOf<Logic> = Logic extends PromiseActorLogic<infer _Output, infer Input> ? Input : never
type OutputOf<Logic> = Logic extends PromiseActorLogic<infer Output, infer _Input> ? Output : never
type Keep<Setup extends KindSetup, Event extends EventObject> = ActionFunction<
  ContextOf<Setup>,
  Event,
  Setup['types']['events'],
  undefined,
  never,
  never,
  never,
  never,
  never
>

/** One task of a saga, and the state in which it runs. */
export type SagaTask<Setup extends KindSetup> = {
  readonly [Name in TaskName<Setup>]: {
    readonly task: Name
    readonly input: (args: { readonly context: ContextOf<Setup> }) => InputOf<Setup['actors'][Name]>
    /** What the context keeps of its output. Default: nothing. */
    readonly keep?: (args: {
      readonly context: ContextOf<Setup>
      readonly output: OutputOf<Setup['actors'][Name]>
    }) => Partial<ContextOf<Setup>>
    /** Name of its state. Default: that of the task. */
    readonly state?: string
  }
}[TaskName<Setup>]

/** A step of a saga. */
export interface SagaStep<Setup extends KindSetup> {
  readonly do: SagaTask<Setup>
  /** Undoes it where a later step fails. Default: there is nothing to undo. */
  readonly undo?: SagaTask<Setup>
}

/** Where a saga ends. The targets are states beside its own. */
export interface SagaEnds<Setup extends KindSetup> {
  /** All steps are done. */
  readonly done: string
  /** A step failed, and those before it are undone. */
  readonly undone: string
  /** A step could not be undone by all attempts of its task: a person must look. */
  readonly stuck: string
  /** What the context keeps of the failure of a task. Default: nothing; the record has it. */
  readonly keepError?: (args: {
    readonly context: ContextOf<Setup>
    readonly task: string
    readonly error: TaskError
  }) => Partial<ContextOf<Setup>>
}

/** The states of a saga, by name, for the `states` of its machine. */
export type SagaStates<Setup extends KindSetup> = Record<
  string,
  {
    invoke: {
      [Name in TaskName<Setup>]: {
        id: string
        src: Name
        input: (args: { context: ContextOf<Setup> }) => InputOf<Setup['actors'][Name]>
        onDone: { target: string; actions: Keep<Setup, DoneActorEvent<OutputOf<Setup['actors'][Name]>>>[] }
        onError: { target: string; actions: Keep<Setup, ErrorActorEvent>[] }
      }
    }[TaskName<Setup>]
  }
>

/**
 * Steps outside Colloquy that are done together or not at all: ordinary states, one for each task. Where a step fails, those before it are
 * undone, the last one first. The step that failed is not undone: whether it had an effect, its task must find out by its key. Enter the
 * saga by the state of its first step.
 *
 * Method: H. Garcia-Molina, K. Salem, "Sagas", 1987, with backward recovery.
 *
 * @throws ColloquyError `bad_kind` where two tasks of the saga would have one state
 */
export function saga<Setup extends KindSetup>(
  steps: readonly SagaStep<Setup>[],
  { done, undone, stuck, keepError }: SagaEnds<Setup>,
): SagaStates<Setup> {
  const states: Record<string, object> = {}
  const add = (work: AnyTask<ContextOf<Setup>>, onDone: string, onError: string): string => {
    const { task, input, keep } = work
    const state = stateOf(work)
    if (Object.hasOwn(states, state)) {
      throw new ColloquyError('bad_kind', `two tasks of a saga would have the state "${state}"; give one of them another name by "state"`)
    }
    const kept =
      keep
      && assign<ContextOf<Setup>, DoneActorEvent, undefined, EventObject, never>(({ context, event }) =>
        keep({ context, output: event.output }),
      )
    const keptError =
      keepError
      && assign<ContextOf<Setup>, ErrorActorEvent, undefined, EventObject, never>(({ context, event }) =>
        keepError({ context, task, error: event.error as TaskError }),
      )
    states[state] = {
      invoke: {
        id: state,
        src: task,
        input,
        onDone: { target: onDone, actions: kept ?? [] },
        onError: { target: onError, actions: keptError ?? [] },
      },
    }
    return state
  }
  let undoing = undone
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1]
    add(step.do, next === undefined ? done : stateOf(next.do), undoing)
    if (step.undo !== undefined) undoing = add(step.undo, undoing, stuck)
  }
  // Each state has the types of its own task; TypeScript cannot follow that through a loop over tasks of all types.
  return states as SagaStates<Setup>
}

/** A task of a saga without its types. */
interface AnyTask<Context> {
  readonly task: string
  input(args: { readonly context: Context }): unknown
  keep?(args: { readonly context: Context; readonly output: unknown }): Partial<Context>
  readonly state?: string
}

const stateOf = ({ state, task }: Pick<AnyTask<never>, 'state' | 'task'>): string => state ?? task
