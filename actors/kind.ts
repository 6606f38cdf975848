import type { Logger } from 'pino'
import { fromPromise, StateMachine, type AnyStateMachine, type PromiseActorLogic } from 'xstate'
import type { z } from 'zod'
import { ColloquyError } from '../schemas/errors.ts'
import { EVENT_TYPE, TOKEN, UNADDRESSABLE, type Address } from '../schemas/subjects.ts'
import { createPureMachine, type PureMachine } from './pure-machine.ts'

type Schemas = Readonly<Record<string, z.ZodType>>

/** What a task gets to work with. */
export interface TaskCall<Input> {
  readonly input: Input
  /** The same for every attempt of one run, and for no other run: an idempotency key for the outside world. */
  readonly key: string
  /** Aborts when the deadline passes, when the machine no longer wants the result, and when the runner stops. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/** A task: work with effects outside, done by a runner and reported back to the machine that invoked it. */
export interface TaskDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly input: Input
  readonly output: Output
  /** From the start of the run, queueing included, to the error `deadline`. */
  readonly deadlineMs: number
  /** Attempts in all, at least 1. */
  readonly attemptsMax: number
  /** Runs at one time in the whole cluster. */
  readonly concurrencyMax: number
  run(call: TaskCall<z.output<Input>>): Promise<z.input<Output>>
}

/** Declares a task; it only ties the type of `run` to the schemas. */
export const defineTask = <Input extends z.ZodType, Output extends z.ZodType>(
  definition: TaskDefinition<Input, Output>,
): TaskDefinition<Input, Output> => definition

/** Facts about an actor that the tables show, such as its intent. */
export type Label = Readonly<Record<string, string | number | boolean | null>>

/** A kind of actor as the pipeline sees it: a machine and what may cross its border. */
export interface Kind {
  readonly name: string
  readonly version: number
  readonly machine: AnyStateMachine
  /** The machine as decisions use it. */
  readonly pure: PureMachine
  readonly events: Schemas
  readonly emits: Schemas
  readonly tasks: Readonly<Record<string, TaskDefinition>>
  label(context: unknown): Label
}

export type Kinds = ReadonlyMap<string, Kind>

/** An input as a machine sees it. */
type MachineEvents<Events extends Schemas> = {
  [Type in keyof Events & string]: {
    readonly type: Type
    readonly id: string
    /** When it happened, as its producer says; ISO. */
    readonly time: string
    /**
     * When it is decided on, which is what delays count from; ISO, milliseconds, never before that of the input before. The one
     * clock of a machine. Events of timers and tasks have it too.
     */
    readonly at: string
    readonly source: string
    readonly data: z.output<Events[Type]>
  }
}[keyof Events & string]

type MachineEmits<Emits extends Schemas> = {
  [Type in keyof Emits & string]: { readonly type: Type; readonly data: z.input<Emits[Type]> }
}[keyof Emits & string]

type Tasks = Readonly<Record<string, TaskDefinition>>
type TaskLogic<Definition> = Definition extends TaskDefinition<infer Input, infer Output>
  ? PromiseActorLogic<z.output<Output>, z.input<Input>>
  : never

export interface KindOptions<Context extends z.ZodType, Events extends Schemas, Emits extends Schemas, T extends Tasks> {
  /** A token of the grammar; the third token of the subjects. */
  readonly name: string
  /** Rises whenever the machine's definition changes. */
  readonly version: number
  readonly context: Context
  /** What may come in, by type. Other types are recorded and change nothing. */
  readonly events: Events
  /** What may go out, by type. Anything else that the machine emits is an error of the machine. */
  readonly emits: Emits
  readonly tasks: T
  label?(context: z.output<Context>): Label
}

/**
 * Begins the definition of a kind. `xstate` goes into XState's own `setup(kind.xstate).createMachine(…)`, which keeps its
 * type checks; `with(machine)` closes the definition.
 *
 * @throws ColloquyError `bad_kind` where a name is not of the grammar or a bound is not positive.
 */
export function defineKind<Context extends z.ZodType<Record<string, unknown>>, Events extends Schemas, Emits extends Schemas, T extends Tasks>(
  options: KindOptions<Context, Events, Emits, T>,
) {
  checkNames(options)
  const actors = Object.fromEntries(
    Object.keys(options.tasks).map((name) => [name, fromPromise(() => Promise.reject(new Error(`task ${name} is run by a runner`)))]),
  ) as { [Name in keyof T & string]: TaskLogic<T[Name]> }
  const types = {} as {
    context: z.output<Context>
    events: MachineEvents<Events>
    emitted: MachineEmits<Emits>
    input: Address
  }
  return {
    xstate: { types, actors },
    with: (drawn: AnyStateMachine): Kind => {
      const machine = bounded(drawn)
      return {
        name: options.name,
        version: options.version,
        machine,
        pure: createPureMachine(machine),
        events: options.events,
        emits: options.emits,
        tasks: options.tasks,
        label: (context) => options.label?.(context as z.output<Context>) ?? {},
      }
    },
  }
}

/** Microsteps that one event may cause before the machine is taken to be in an endless cycle. */
const MICROSTEPS_MAX = 1_000

/** The same machine with a bound on `always` cycles, which would otherwise hang the process. */
const bounded = (machine: AnyStateMachine): AnyStateMachine =>
  new StateMachine({ ...machine.config, options: { maxIterations: MICROSTEPS_MAX, ...machine.config.options } }, machine.implementations)

function checkNames(options: { name: string; version: number; emits: Schemas; tasks: Tasks }): void {
  const refuse = (what: string): never => {
    throw new ColloquyError('bad_kind', `kind "${options.name}": ${what}`)
  }
  if (!TOKEN.test(options.name) || options.name === UNADDRESSABLE) refuse(`the name must match ${TOKEN} and not be "${UNADDRESSABLE}"`)
  if (!Number.isInteger(options.version) || options.version < 1) refuse('version must be a whole number from 1')
  for (const type of Object.keys(options.emits)) if (!EVENT_TYPE.test(type)) refuse(`emitted type "${type}" must match ${EVENT_TYPE}`)
  for (const [name, task] of Object.entries(options.tasks)) {
    if (!TOKEN.test(name)) refuse(`task "${name}" must match ${TOKEN}`)
    for (const bound of ['deadlineMs', 'attemptsMax', 'concurrencyMax'] as const) {
      if (!(Number.isInteger(task[bound]) && task[bound] > 0)) refuse(`task "${name}": ${bound} must be a whole number from 1`)
    }
  }
}

/** `<kind>@<version>`, as records name the machine that decided. */
export const machineName = (kind: Kind): string => `${kind.name}@${kind.version}`

/** The kinds by name. @throws ColloquyError `bad_kind` where two share one. */
export function kindsByName(kinds: readonly Kind[]): Kinds {
  const byName = new Map<string, Kind>()
  for (const kind of kinds) {
    if (byName.has(kind.name)) throw new ColloquyError('bad_kind', `two kinds are called "${kind.name}"; give one another name`)
    byName.set(kind.name, kind)
  }
  return byName
}
