import { type AnyStateMachine, type ContextFrom, fromPromise, type PromiseActorLogic, StateMachine } from 'xstate'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { ANSWER_JUDGED } from '../../schemas/events.ts'
import { ACTOR_RESET } from '../../schemas/operator-events.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Address, EVENT_TYPE, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import { type Calendar, calendarProblem, calendarSchema, EVERY } from './calendar.ts'
import { checkDefinition } from './check-definition.ts'
import { taskLogic } from './check-invokes.ts'
import { type ChildLogic, childLogic } from './child-kinds.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { Migrations, Upcasters } from './earlier-versions.ts'
import type { AddressAsInput, ChildKinds, ContextSchema, GivenInput, Kind, Label, OnTaskError, Schemas } from './kind.ts'
import { createPureMachine } from './pure-machine.ts'
import type { SentBy } from './sent-by.ts'
import type { TaskDefinition, Tasks } from './task-definition.ts'
import { nodesOf } from './walk-machine.ts'

export { type Calendar, everyDue, type Missed } from './calendar.ts'
export type { Migration, Migrations, OldState } from './earlier-versions.ts'
export {
  checkChildKinds,
  type ChildKinds,
  type ContextSchema,
  type Kind,
  type Kinds,
  kindsByName,
  type Label,
  machineName,
  type OnTaskError,
  type Schemas,
} from './kind.ts'
export { defineTask, type TaskCall, type TaskDefinition, type TaskRetry, type Tasks } from './task-definition.ts'

/** An input as a machine sees it. */
export interface MachineEvent<Type, Data> {
  readonly type: Type
  readonly id: string
  /** When it happened, by its producer's clock; ISO. */
  readonly time: string
  /**
   * When INBOX stored it, by the server's clock; ISO 8601 with milliseconds. Under load or after an outage it lies before `at`; a bound on
   * how long a sender waits counts from it. Events of timers and tasks have none.
   */
  readonly arrivedAt: string
  /**
   * When the event is decided; ISO 8601 with milliseconds. Delays count from this time. It never precedes the `at` of the previous input.
   * Events of timers and tasks have it, too. A machine has no other clock.
   */
  readonly at: string
  readonly source: string
  readonly data: Data
}

/** XState accepts no `never` as a machine's event type. A kind without events gets an event that cannot be constructed. */
type MachineEvents<Events extends Schemas> = [keyof Events] extends [never]
  ? MachineEvent<never, never>
  : { [Type in keyof Events & string]: MachineEvent<Type, z.output<Events[Type]>> }[keyof Events & string]

type MachineEmits<Emits extends Schemas> = [keyof Emits] extends [never]
  ? { readonly type: never }
  : { [Type in keyof Emits & string]: { readonly type: Type; readonly data: z.input<Emits[Type]> } }[keyof Emits & string]

/** An input as `refuse` sees it. */
type GivenInputOf<Events extends Schemas> = {
  [Type in keyof Events & string]: { readonly type: Type; readonly source: string; readonly data: z.output<Events[Type]> }
}[keyof Events & string]

type TaskLogic<Definition> =
  Definition extends TaskDefinition<infer Input, infer Output> ? PromiseActorLogic<z.output<Output>, z.input<Input>> : never

/** The definition of a kind without its machine. */
export interface KindOptions<
  Context extends ContextSchema,
  Events extends Schemas,
  Emits extends Schemas,
  T extends Tasks,
  Children extends ChildKinds = ChildKinds,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  /** 1 to 128 letters, digits, `-` and `_`; the third token of the subjects. */
  readonly name: string
  /** A whole number from 1. Raise it whenever the machine's definition changes. */
  readonly version: number
  readonly context: Context
  /** Schemas of the inputs' data, by type. An input of another type is recorded and changes nothing. */
  readonly events: Events
  /** Schemas of the emitted events' data, by type. If the machine emits another type, the input is rejected as `poison`. */
  readonly emits: Emits
  readonly tasks: T
  /**
   * The kinds that actors of this kind start as their children, by names of your choice: `invoke: { src: 'name' }` and
   * `spawnChild('name', { id })` start one. A child is an actor of its own. Default: none.
   */
  readonly children?: Children
  /**
   * What a parent gives an actor of this kind when it starts it; the machine's `input`. An actor that no parent started gets what the
   * schema makes of `undefined`; if it makes nothing, its inputs are rejected as `bad_data`. Default: the machine's `input` is the address.
   */
  readonly input?: Input
  /**
   * The `input` of the machine, from the address of the actor, for a kind that declares no schema `input`. Pure. Default: the address.
   */
  inputOf?(address: Address): unknown
  /** What the machine ends with: `event.output` in `onDone` of a parent. Another output rejects the input. Default: any. */
  readonly output?: Output
  /**
   * Inputs that only other actors of the tenant send, by type: the names of their kinds, or `'*'` for every kind. One that a producer or an
   * actor of another kind sends is rejected as `bad_data`. Default: every type comes from anybody.
   */
  readonly sentBy?: { readonly [Type in keyof Events & string]?: readonly string[] | '*' }
  /** Facts about an actor for the tables, such as its intent. Default: none. */
  label?(context: z.output<Context>): Label
  /**
   * Refuses an input that fits its schema and not this actor: beyond a bound of its context, or at the wrong address. The input is rejected
   * as `bad_data` with the text, which says what is wrong and names the bound. Pure, like a guard. Default: nothing is refused.
   *
   * @param input its data as the machine would see it
   */
  refuse?(context: z.output<Context>, input: GivenInputOf<Events>, address: Address): string | undefined
  /**
   * What becomes of an error of a task that no transition handles. Default: a machine with an invoke that has no `onError` is refused as
   * `no_on_error`.
   */
  readonly onTaskError?: OnTaskError
  /**
   * When each live actor of the kind gets the event `every`: a pattern of cron, in UTC, or an object that also says the time zone and what
   * becomes of missed times. The kind declares `every: everyDue` among its events. An actor gets it through a durable timer of its own,
   * from its first input with this option until it ends. Default: never.
   */
  readonly every?: string | Calendar | undefined
  /** One migration for each earlier version that has left records. Default: none. */
  readonly migrate?: Migrations<z.output<Context>>
  /** By event type: the upcasters for earlier shapes of its data. Default: none. */
  readonly upcast?: { readonly [Type in keyof Events & string]?: Upcasters<z.input<Events[Type]>> }
}

/** Type-checks that the machine was made by `setup(kind.xstate)` of the same kind. */
type MadeBySetup<M extends AnyStateMachine, Context extends ContextSchema> = [ContextFrom<M>] extends [z.output<Context>]
  ? unknown
  : { readonly 'the machine must be made by setup(kind.xstate).createMachine(…) of this kind': never }

/**
 * Defines a kind in two steps. Pass `xstate` to XState's own `setup(kind.xstate).createMachine(…)`, which keeps its type checks; then
 * `with(machine)` checks the machine and returns the kind.
 *
 * @throws ColloquyError `bad_kind` where a name does not match the grammar or a bound is not positive; `with` throws DefinitionError where
 * the machine asks for something that would be lost.
 */
export function defineKind<
  Context extends ContextSchema,
  Events extends Schemas,
  Emits extends Schemas,
  T extends Tasks,
  Children extends ChildKinds = Readonly<Record<never, Kind>>,
  Input extends z.ZodType = AddressAsInput,
  Output extends z.ZodType = z.ZodType,
>(options: KindOptions<Context, Events, Emits, T, Children, Input, Output>) {
  checkNames(options)
  const upcast = upcastersOf(options)
  const children: ChildKinds = options.children ?? {}
  const actors = Object.fromEntries([
    ...Object.keys(options.tasks).map((name) => [name, taskLogic(outside(`task ${name} is executed by a runner`))]),
    ...Object.keys(children).map((name) => [name, childLogic(outside(`child ${name} is an actor of its own`))]),
  ]) as { [Name in keyof T & string]: TaskLogic<T[Name]> } & { [Name in keyof Children & string]: ChildLogic<Children[Name]> }
  const types = {} as {
    context: z.output<Context>
    events: MachineEvents<Events>
    emitted: MachineEmits<Emits>
    input: z.output<Input>
    output: z.output<Output>
  }
  /** The data of a declared type has passed its schema. */
  const isOwn = (input: GivenInput): input is GivenInputOf<Events> & GivenInput => Object.hasOwn(options.events, input.type)
  return {
    xstate: { types, actors },
    with: <M extends AnyStateMachine>(given: M & MadeBySetup<M, Context>): Kind<Context, Events, Emits, T, Input, Output> => {
      const machine = withMicrostepLimit(given)
      const kind: Kind<Context, Events, Emits, T, Input, Output> = {
        name: options.name,
        version: options.version,
        machine,
        pure: createPureMachine(machine),
        invokes: new Set(nodesOf(machine).flatMap((node) => node.invoke.map(({ id }) => id))),
        context: options.context,
        events: options.events,
        emits: options.emits,
        tasks: options.tasks,
        children,
        input: options.input,
        inputOf: options.inputOf,
        output: options.output,
        migrate: options.migrate ?? {},
        upcast,
        onTaskError: options.onTaskError,
        every: calendarOf(options.every),
        sentBy: sentByOf(options.sentBy),
        label: (context) => options.label?.(context) ?? {},
        refuse: (context, input, address) => (isOwn(input) ? options.refuse?.(context, input, address) : undefined),
      }
      checkDefinition(kind)
      // All actors share this object: a change in place by one of them would show in all others.
      deepFreeze(given.config.context)
      return kind
    },
  }
}

/** Actor logic that never runs: what it stands for runs outside of the machine. */
const outside = (what: string): object => fromPromise(() => Promise.reject(new Error(what)))

const calendarOf = (every: string | Calendar | undefined): Calendar | undefined => (typeof every === 'string' ? { every } : every)

const sentByOf = (sentBy: Readonly<Record<string, SentBy[string] | undefined>> = {}): SentBy =>
  Object.fromEntries(Object.entries(sentBy).flatMap(([type, kinds]) => (kinds === undefined ? [] : [[type, kinds]])))

function upcastersOf({ name, upcast = {} }: { name: string; upcast?: Readonly<Record<string, Upcasters<unknown> | undefined>> }) {
  const all: Record<string, Upcasters<unknown>> = {}
  for (const [type, upcasters] of Object.entries(upcast)) {
    for (const version of Object.keys(upcasters ?? {})) {
      if (!/^[1-9]\d{0,5}$/.test(version)) {
        throw new ColloquyError('bad_kind', `kind "${name}": upcast of "${type}" has the key "${version}"; use a version: 1, 2, 3…`)
      }
    }
    all[type] = upcasters ?? {}
  }
  return all
}

/** Microsteps that one event may cause; more of them are an endless cycle. */
const MICROSTEPS_MAX = 1_000

/** The same machine with a bound on `always` cycles, which would otherwise hang the process. */
function withMicrostepLimit(machine: AnyStateMachine): AnyStateMachine {
  const maxIterations = Math.min(MICROSTEPS_MAX, machine.options.maxIterations ?? MICROSTEPS_MAX)
  return new StateMachine({ ...machine.config, options: { ...machine.config.options, maxIterations } }, machine.implementations)
}

/** One pause. */
const PAUSE_MS_MAX = 86_400_000

const retrySchema = z.strictObject({
  initialMs: z.number().min(1).max(PAUSE_MS_MAX).optional(),
  factor: z.number().min(1).max(100).optional(),
  maxMs: z.number().min(1).max(PAUSE_MS_MAX).optional(),
  jitter: z.number().min(0).max(1).optional(),
})

interface CheckedOptions {
  readonly name: string
  readonly version: number
  readonly events: object
  readonly emits: Schemas
  readonly tasks: Tasks
  readonly children?: ChildKinds
  readonly migrate?: object
  readonly every?: string | Calendar | undefined
}

function checkNames(options: CheckedOptions): void {
  const refuse = (what: string): never => {
    throw new ColloquyError('bad_kind', `kind "${options.name}": ${what}`)
  }
  if (!TOKEN.test(options.name) || options.name === UNADDRESSABLE) refuse(`the name must match ${TOKEN} and not be "${UNADDRESSABLE}"`)
  if (!Number.isInteger(options.version) || options.version < 1) refuse('version must be a whole number from 1')
  for (const from of Object.keys(options.migrate ?? {})) {
    if (!(Number(from) >= 1 && Number(from) < options.version)) {
      refuse(`migrate has "${from}", which is not a version before ${options.version}`)
    }
  }
  if (Object.hasOwn(options.events, ANSWER_JUDGED)) {
    refuse(`events has "${ANSWER_JUDGED}", which comes from the role judge alone; declare "feedback.given"`)
  }
  if (Object.hasOwn(options.events, ACTOR_RESET)) refuse(`events has "${ACTOR_RESET}", which no machine sees; declare another name`)
  if (options.every !== undefined) {
    const calendar = calendarSchema.safeParse(calendarOf(options.every), IN_WORDS)
    if (!calendar.success) refuse(zodProblem(calendar.error, 'every'))
    else {
      const problem = calendarProblem(calendar.data)
      if (problem !== undefined) refuse(problem)
    }
    if (!Object.hasOwn(options.events, EVERY)) refuse(`it has the option every, and no such event; add every: everyDue to its events`)
  }
  for (const type of Object.keys(options.emits)) if (!EVENT_TYPE.test(type)) refuse(`emitted type "${type}" must match ${EVENT_TYPE}`)
  for (const name of Object.keys(options.children ?? {})) {
    if (!TOKEN.test(name)) refuse(`child "${name}" must match ${TOKEN}`)
    if (Object.hasOwn(options.tasks, name)) refuse(`"${name}" is the name of a task and of a child; rename one of them`)
  }
  for (const [name, task] of Object.entries(options.tasks)) {
    if (!TOKEN.test(name)) refuse(`task "${name}" must match ${TOKEN}`)
    const { deadlineMs, attemptsMax, concurrencyMax, heartbeatMs = 1 } = task
    for (const [bound, value] of Object.entries({ deadlineMs, attemptsMax, concurrencyMax, heartbeatMs })) {
      if (!(Number.isInteger(value) && value > 0)) refuse(`task "${name}": ${bound} must be a whole number from 1`)
    }
    if (task.hasTenantTurns === true && task.tellsPlaces === true) {
      refuse(`task "${name}": a run that waits for its tenant's turn has no place; leave out tellsPlaces or hasTenantTurns`)
    }
    const retry = retrySchema.safeParse(task.retry ?? {}, IN_WORDS)
    if (!retry.success) refuse(`task "${name}": ${zodProblem(retry.error, 'retry')}`)
  }
}
