import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { recipientsWhere, TO_MANY_LIMITS } from '../../schemas/recipients.ts'
import type { ContextSchema, Kind, Schemas } from './kind.ts'
import type { TaskDefinition, TaskRetry, Tasks } from './task-definition.ts'

/** Bounds of a `toMany`. */
export interface ToManyBounds {
  /** The task fails with `too_many_recipients`, and has sent nothing, where there are more. Default 1,000,000. */
  readonly recipientsMax?: number
  /** As of `defineTask`. Default: a day. */
  readonly deadlineMs?: number
  /** As of `defineTask`; an attempt whose process was lost counts. Default 100. */
  readonly attemptsMax?: number
  /** As of `defineTask`. Default 4. */
  readonly concurrencyMax?: number
  readonly retry?: TaskRetry
}

/** Which event goes to which kind. */
export interface ToManyOptions<Events extends Schemas, Type extends keyof Events & string> extends ToManyBounds {
  /** The kind of the recipients. */
  readonly kind: Kind<ContextSchema, Events, Schemas, Tasks>
  /** Type of the event, one that the kind takes. */
  readonly type: Type
}

/** The same with the name of the kind: whether it takes the event shows when the task runs. For a kind that imports this one, or is it. */
export interface ToManyByName extends ToManyBounds {
  readonly kind: string
  readonly type: string
}

type ToManyInput<Data> = z.ZodObject<{ where: z.ZodDefault<typeof recipientsWhere>; data: z.ZodType<Data, Data> }>

/** A task that sends an event to many actors. */
export type ToManyTask<Data> = TaskDefinition<ToManyInput<Data>, typeof output>

const output = z.object({
  /** Actors to which the event was sent. */
  recipients: z.int().nonnegative(),
})

const DAY_MS = 86_400_000

/**
 * A task that sends an event to all actors of a kind that a condition selects, in the tenant of the sender. A record has at most 256
 * effects, so a machine cannot `send` to more. Put it among the `tasks` of a kind and invoke it with `{ where, data }`:
 *
 *     tasks: { tell: toMany({ kind: documentKind, type: 'template.changed' }) }
 *     invoke: { src: 'tell', input: ({ context }) => ({ where: { context: { template: context.id } }, data: { version: 3 } }), … }
 *
 * Every running actor of the kind that existed when the task was started, and that the condition selects when its turn comes, gets the
 * event once. The id of the event is `<run>:<recipient>`, its `source` the sender. After a crash the task goes on where it stood. It ends
 * with the number of recipients. What a recipient rejects is its own dead letter. A machine that leaves the state stops the task; what was
 * sent stays sent.
 *
 * @throws ColloquyError `bad_kind` where the kind does not take the event, or a bound is not a whole number from 1
 */
export function toMany<Events extends Schemas, Type extends keyof Events & string>(
  options: ToManyOptions<Events, Type>,
): ToManyTask<z.input<Events[Type]>>
/** The same with the name of a kind; the event's type and data are checked when the task runs. */
export function toMany(options: ToManyByName): ToManyTask<Record<string, unknown>>
export function toMany({ kind, type, ...bounds }: ToManyOptions<Schemas, string> | ToManyByName): ToManyTask<Record<string, unknown>> {
  const { recipientsMax = TO_MANY_LIMITS.recipientsMax, deadlineMs = DAY_MS, attemptsMax = 100, concurrencyMax = 4, retry } = bounds
  const name = typeof kind === 'string' ? kind : kind.name
  if (!(Number.isInteger(recipientsMax) && recipientsMax > 0)) {
    throw new ColloquyError('bad_kind', `toMany to "${name}": recipientsMax must be a whole number from 1`)
  }
  const declared = typeof kind === 'string' ? undefined : kind.events
  const schema = declared?.[type]
  if (declared !== undefined && (schema === undefined || !Object.hasOwn(declared, type))) {
    const known = Object.keys(declared).join(', ') || 'none'
    throw new ColloquyError('bad_kind', `toMany: kind "${name}" takes no event "${type}"; it takes ${known}`)
  }
  const data = z.record(z.string(), z.unknown()).superRefine((value, context) => {
    const read = schema?.safeParse(value, IN_WORDS)
    if (read?.success === false) context.addIssue({ code: 'custom', message: zodProblem(read.error, type) })
  })
  return {
    input: z.object({ where: recipientsWhere.default({}), data }),
    output,
    deadlineMs,
    attemptsMax,
    concurrencyMax,
    ...(retry && { retry }),
    run: async ({ input: { where, data: sent }, fanOut }) => ({
      recipients: await fanOut({ kind: name, type, data: sent, where, recipientsMax }),
    }),
  }
}
