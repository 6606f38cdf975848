import type { AnyStateMachine } from 'xstate'
import type { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { ACTOR_CANCELLED } from '../../schemas/operator-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type Calendar, EVERY } from './calendar.ts'
import type { Migrations, Upcasters } from './earlier-versions.ts'
import type { PureMachine } from './pure-machine.ts'
import type { SentBy } from './sent-by.ts'
import type { Tasks } from './task-definition.ts'

/** Schemas of events, by type. */
export type Schemas = Readonly<Record<string, z.ZodType>>
export type ContextSchema = z.ZodType<Record<string, unknown>>
/** Child kinds, by the name that the machine gives them. */
export type ChildKinds = Readonly<Record<string, Kind>>
/** The input of a machine whose kind declares none: the address of the actor. A parent gives none. */
export type AddressAsInput = z.ZodType<Address, undefined>

/** Facts about an actor for the tables, such as its intent. */
export type Label = Readonly<Record<string, string | number | boolean | null>>

/** An input that the machine is about to take. */
export interface GivenInput {
  readonly type: string
  /** As its producer states it; of an event that another actor sent: `colloquy/<tenant>/<kind>/<id>`. */
  readonly source: string
  readonly data: unknown
}

/**
 * What an error of a task does that no transition handles. `state`: the actor stays in its state; the record has the failed task. `end`:
 * the actor ends with the error, as in XState.
 */
export type OnTaskError = 'state' | 'end'

/** A kind of actor: a machine with its inputs, emitted events and tasks. Use it without type arguments where any kind will do. */
export interface Kind<
  Context extends ContextSchema = ContextSchema,
  Events extends Schemas = Schemas,
  Emits extends Schemas = Schemas,
  T extends Tasks = Tasks,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  readonly name: string
  readonly version: number
  readonly machine: AnyStateMachine
  /** The machine as pure functions, for decisions. */
  readonly pure: PureMachine
  /** The ids of the machine's invokes. */
  readonly invokes: ReadonlySet<string>
  readonly context: Context
  readonly events: Events
  readonly emits: Emits
  readonly tasks: T
  /** The kinds that its actors may have as children. */
  readonly children: ChildKinds
  /** What a parent gives the actor when it starts it. Absent: the machine gets its address. */
  readonly input?: Input | undefined
  /** What the machine ends with. Absent: anything. */
  readonly output?: Output | undefined
  readonly migrate: Migrations<z.output<Context>>
  readonly upcast: Readonly<Record<string, Upcasters<unknown>>>
  /** Absent: every invoke has a transition for its error, and one whose guards refuse it ends the actor. */
  readonly onTaskError?: OnTaskError | undefined
  /** What the machine of an actor gets that no parent started, where the kind declares no `input`. Absent: the address itself. */
  readonly inputOf?: ((address: Address) => unknown) | undefined
  /** When each live actor gets the event `every`. Absent: never. */
  readonly every?: Calendar | undefined
  /** The machine also gets the data of an input as fields beside its `type`, as machines that were written for XState expect. */
  readonly dataBesideType?: boolean
  readonly sentBy: SentBy
  label(context: z.output<Context>): Label
  /** Why the actor must not take an input whose data fits its schema; `undefined` where it may. */
  refuse(context: z.output<Context>, input: GivenInput, address: Address): string | undefined
}

/** The input of a machine whose kind declares none. */
export const inputFromAddress = ({ inputOf }: Pick<Kind, 'inputOf'>, address: Address): unknown =>
  inputOf === undefined ? address : inputOf(address)

/** Kinds by name. */
export type Kinds = ReadonlyMap<string, Kind>

/**
 * Checks that the kinds of all children are there: their actors would not be decided otherwise.
 *
 * @throws ColloquyError `bad_kind`
 */
export function checkChildKinds(kinds: Kinds): void {
  for (const { name, children } of kinds.values()) {
    for (const [child, kind] of Object.entries(children)) {
      const found = kinds.get(kind.name)
      if (found?.version === kind.version) continue
      const what = found === undefined ? 'which is not there' : `of which ${machineName(found)} is there`
      throw new ColloquyError(
        'bad_kind',
        `kind "${name}" has the child "${child}" of ${machineName(kind)}, ${what}; export the same kind beside it`,
      )
    }
  }
}

/** `<kind>@<version>`, as records name the machine that decided. */
export const machineName = (kind: Kind): string => `${kind.name}@${kind.version}`

/**
 * The kinds by name.
 *
 * @throws ColloquyError `bad_kind` where two kinds have the same name.
 */
export function kindsByName(kinds: readonly Kind[]): Kinds {
  const byName = new Map<string, Kind>()
  for (const kind of kinds) {
    if (byName.has(kind.name)) throw new ColloquyError('bad_kind', `two kinds have the name "${kind.name}"; rename one of them`)
    byName.set(kind.name, kind)
  }
  return byName
}

/** The schemas of the events that a producer may send. The others come from an actor's own timer, and from operators. */
export const producedEvents = ({ events, every }: Kind): Schemas =>
  Object.fromEntries(Object.entries(events).filter(([type]) => type !== ACTOR_CANCELLED && (type !== EVERY || every === undefined)))
