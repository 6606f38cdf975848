import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import {
  INTENT_KIND,
  INTENT_LIMITS,
  intentActorId,
  intentCounted,
  INTENTS_KIND,
  intentsChanged,
  intentsCompleted,
  intentsDescribed,
} from '../../../schemas/intent-events.ts'
import { actorKey, actorSource } from '../../../schemas/subjects.ts'
import { intentSetSchema } from '../../../schemas/tenant-settings.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { DONE_MAX, teachSchema, withCounted } from './teaches.ts'

const intentSchema = z.object({ name: z.string(), examples: z.int(), description: z.string().optional(), route: z.string().optional() })
export type SetIntent = z.infer<typeof intentSchema>

export const intentsContextSchema = z.object({
  /** Number of complete revisions. */
  version: z.int(),
  /** By name, in the order in which they were first taught. Those without examples have been described only. */
  intents: z.array(intentSchema),
  coming: z.array(teachSchema),
  /** Names of the last complete teaches. */
  done: z.array(z.string()),
})
type Context = z.infer<typeof intentsContextSchema>

const kind = defineKind({
  name: INTENTS_KIND,
  version: 1,
  context: intentsContextSchema,
  events: { 'intent.counted': intentCounted, 'intents.completed': intentsCompleted, 'intents.described': intentsDescribed },
  sentBy: { 'intent.counted': [INTENT_KIND] },
  emits: { 'intents.changed': intentsChanged },
  tasks: {},
  label: (context) => ({ version: context.version, intents: taughtOf(context).length, examples: examplesOf(context.intents) }),
  refuse: (context, input, { tenant, id }) => {
    const name = intentSetSchema.safeParse(id)
    if (!name.success) return `"${id}" is no name of a set of intents: ${name.error.issues[0]?.message ?? 'it does not match'}`
    if (input.type === 'intents.completed') return undefined
    if (input.type === 'intent.counted') {
      const { intent, teach, parts } = input.data
      const counter = { tenant, kind: INTENT_KIND, id: intentActorId(id, intent) }
      if (input.source !== actorSource(counter))
        return `only the actor ${actorKey(counter)} counts the examples of ${JSON.stringify(intent)}`
      const before = context.coming.find((one) => one.teach === teach)
      if (before !== undefined && before.parts !== parts) {
        return `parts: the teach "${teach}" has ${before.parts} parts, as one of them said before, and not ${parts}`
      }
    }
    const intents = input.type === 'intent.counted' ? withCount(context, input.data) : withDescriptions(context, input.data.intents)
    if (intents.length > INTENT_LIMITS.intentsMax) {
      return `the set "${id}" would have ${intents.length} intents; at most ${INTENT_LIMITS.intentsMax}`
    }
    const examples = examplesOf(intents)
    if (examples > INTENT_LIMITS.setExamplesMax) {
      return `the set "${id}" would have ${examples} examples; at most ${INTENT_LIMITS.setExamplesMax}`
    }
    const bytes = Buffer.byteLength(JSON.stringify(intents))
    if (bytes <= INTENT_LIMITS.setBytesMax) return undefined
    return `names, descriptions and routes of the set "${id}" would take ${bytes} bytes; at most ${INTENT_LIMITS.setBytesMax}`
  },
})

/** The intents of a set that have examples. */
export const taughtOf = ({ intents }: Context): SetIntent[] => intents.filter(({ examples }) => examples > 0)
const examplesOf = (intents: readonly SetIntent[]): number => intents.reduce((sum, { examples }) => sum + examples, 0)

/** An intent without examples is gone, unless somebody has described it. */
function withCount({ intents }: Context, { intent, examples }: z.output<typeof intentCounted>): SetIntent[] {
  const isKnown = intents.some(({ name }) => name === intent)
  const counted = isKnown
    ? intents.map((one) => (one.name === intent ? { ...one, examples } : one))
    : [...intents, { name: intent, examples }]
  return counted.filter((one) => one.examples > 0 || one.description !== undefined || one.route !== undefined)
}

function withDescriptions({ intents }: Context, given: z.output<typeof intentsDescribed>['intents']): SetIntent[] {
  const all = new Map(intents.map((one) => [one.name, one]))
  for (const { name, ...facts } of given) {
    const { description, route, ...counted } = all.get(name) ?? { name, examples: 0 }
    const now = { description: next(description, facts.description), route: next(route, facts.route) }
    all.set(name, {
      ...counted,
      ...(now.description !== undefined && { description: now.description }),
      ...(now.route !== undefined && { route: now.route }),
    })
  }
  return [...all.values()]
}

/** `null` removes a fact; where none is given, it stays. */
const next = (before: string | undefined, given: string | null | undefined): string | undefined =>
  given === undefined ? before : (given ?? undefined)

/** The kind `intents`: a set of intents. Its version rises once with each complete revision, and with each change of descriptions. */
export const intentsKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      isUnderWay: ({ context, event }) =>
        event.type === 'intents.completed' && context.coming.some(({ teach }) => teach === event.data.teach),
    },
    actions: {
      count: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'intent.counted') return
        const intents = withCount(context, event.data)
        const { teach } = event.data
        if (context.done.includes(teach)) return enqueue.assign({ ...context, intents })
        const { coming, isComplete } = withCounted(context.coming, event.data)
        const done = isComplete ? [...context.done, teach].slice(-DONE_MAX) : context.done
        const after = { version: context.version + Number(isComplete), intents, coming, done }
        enqueue.assign(after)
        if (isComplete) enqueue.emit({ type: 'intents.changed', data: changeOf(after) })
      }),
      complete: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'intents.completed') return
        const coming = context.coming.filter(({ teach }) => teach !== event.data.teach)
        const done = [...context.done, event.data.teach].slice(-DONE_MAX)
        const after = { ...context, version: context.version + 1, coming, done }
        enqueue.assign(after)
        enqueue.emit({ type: 'intents.changed', data: changeOf(after) })
      }),
      describe: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'intents.described') return
        const after = { ...context, version: context.version + 1, intents: withDescriptions(context, event.data.intents) }
        enqueue.assign(after)
        enqueue.emit({ type: 'intents.changed', data: changeOf(after) })
      }),
    },
  }).createMachine({
    id: 'intents',
    context: { version: 0, intents: [], coming: [], done: [] },
    initial: 'open',
    states: {
      open: {
        on: {
          'intent.counted': { actions: 'count' },
          'intents.completed': { guard: 'isUnderWay', actions: 'complete' },
          'intents.described': { actions: 'describe' },
        },
      },
    },
  }),
)

const changeOf = (context: Context): z.output<typeof intentsChanged> => ({
  version: context.version,
  intents: taughtOf(context).length,
  examples: examplesOf(context.intents),
})
